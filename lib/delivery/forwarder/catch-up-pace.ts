import { TokenBuckets } from '../../ledger/http/token-buckets.js';

export interface PaceSettings {
  /** As fast as it goes unless given. */
  readonly perSecond: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called when something may be sent again. */
  readonly onReady: () => void;
}

/** What a timer that comes late can make up for. */
const BURST_SECONDS = 0.1;

/**
 * Holds sending to a rate while there is a backlog: from the start, or the end of a pause or an outage, until everything
 * is sent. What is new meanwhile is part of it.
 */
export class CatchUpPace {
  private readonly bucket: TokenBuckets | undefined;
  private behind = true;
  private latest = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly settings: PaceSettings) {
    const { perSecond, now } = settings;
    if (perSecond === undefined) return;
    // A clock that goes back neither fills nor empties it.
    const steady = (): number => (this.latest = Math.max(this.latest, now()));
    this.bucket = new TokenBuckets({ perSecond, burst: Math.max(1, perSecond * BURST_SECONDS) }, steady);
  }

  /** Whether one may be sent now, which then counts. Otherwise `onReady` says when. */
  admits(): boolean {
    if (!this.behind || this.bucket === undefined) return true;
    const waitMs = this.bucket.take('');
    if (waitMs > 0) this.timer ??= setTimeout(this.ready, Math.ceil(waitMs)).unref();
    return waitMs === 0;
  }

  fellBehind(): void {
    this.behind = true;
  }

  caughtUp(): void {
    this.behind = false;
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private readonly ready = (): void => {
    this.timer = undefined;
    this.settings.onReady();
  };
}
