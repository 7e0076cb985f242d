export interface Rate {
  readonly perSecond: number;
  /** Most tokens that a bucket holds. */
  readonly burst: number;
}

/** One bucket of tokens for each key; a full one at first, filled again by the clock. */
export class TokenBuckets {
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  /** @param now a clock that does not jump, in milliseconds */
  constructor(
    private readonly rate: Rate,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Takes a token: 0, or how many milliseconds there is none yet. */
  take(key: string): number {
    const { perSecond, burst } = this.rate;
    const now = this.now();
    const bucket = this.buckets.get(key) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1_000) * perSecond);
    const taken = tokens >= 1;
    this.buckets.set(key, { tokens: taken ? tokens - 1 : tokens, at: now });
    return taken ? 0 : ((1 - tokens) / perSecond) * 1_000;
  }
}
