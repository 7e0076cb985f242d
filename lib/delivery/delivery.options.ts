import { IsBoolean, IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { IsHttpHeaders } from './is-http-headers.js';

/** What gives way when the buffer is full. */
export const OVERFLOW_POLICIES = ['drop-newest', 'drop-oldest'] as const;

/** How events leave the process. */
export class DeliveryOptions {
  /** Ledger, forwarding and HTTP run in a worker thread, off the event loop. Not with a `client` or a `ledger.signer`. */
  @IsBoolean()
  worker: boolean = true;

  /** Most events kept in memory, waiting and on their way. What comes on top is dropped and counted. */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxBufferedEvents: number = 10_000;

  /** Which event is dropped when the buffer is full, in `remote` mode; before a ledger it is the newest. */
  @IsIn(OVERFLOW_POLICIES)
  overflow: (typeof OVERFLOW_POLICIES)[number] = 'drop-newest';

  /** Sending starts when so many events wait … */
  @IsInt()
  @Min(1)
  @Max(10_000)
  bufferLength: number = 50;

  /** … or when the oldest has waited so long, in milliseconds. */
  @IsInt()
  @Min(0)
  @Max(600_000)
  flushIntervalMs: number = 200;

  /** Requests to the API at the same time. */
  @IsInt()
  @Min(1)
  @Max(1_024)
  concurrency: number = 16;

  /** Longest one attempt may take, from connecting to the last byte of the answer, in milliseconds. */
  @IsInt()
  @Min(1)
  @Max(600_000)
  timeoutMs: number = 5_000;

  /** How long an idle connection is kept open, in milliseconds. */
  @IsInt()
  @Min(1)
  @Max(600_000)
  keepAliveMs: number = 10_000;

  /** Requests to the API a second, at most, while `hybrid` mode catches up with a backlog; as many as `concurrency` allows unless given. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100_000)
  catchUpPerSecond?: number;

  /** Attempts before an event that meets errors of network or server is given up. */
  @IsInt()
  @Min(1)
  @Max(100_000)
  maxAttempts: number = 100;

  /** First back-off, doubled with every attempt, in milliseconds; full jitter. */
  @IsInt()
  @Min(1)
  @Max(600_000)
  retryBaseMs: number = 250;

  /** Longest back-off, in milliseconds. */
  @IsInt()
  @Min(1)
  @Max(3_600_000)
  retryCapMs: number = 30_000;

  /** After 429 without `Retry-After`: how long to wait before the next probe, in milliseconds. */
  @IsInt()
  @Min(1)
  @Max(86_400_000)
  quotaProbeMs: number = 900_000;

  /** After 401 or 403: how long to wait before the credential is tried again, in milliseconds. */
  @IsInt()
  @Min(1)
  @Max(86_400_000)
  credentialProbeMs: number = 60_000;

  /** Longest an answer or a call waits for its event with guarantee `durable` or `confirmed`, once `capture.identify` has answered, in milliseconds. */
  @IsInt()
  @Min(1)
  @Max(600_000)
  guaranteeTimeoutMs: number = 5_000;

  /** Longest the shutdown, `flush()` and `close()` wait for what is still to be delivered, in milliseconds. */
  @IsInt()
  @Min(0)
  @Max(600_000)
  shutdownTimeoutMs: number = 5_000;

  /** Extra headers of every API request, e.g. for a gateway. They replace none of the headers of the contract. */
  @IsOptional()
  @IsHttpHeaders()
  headers?: Readonly<Record<string, string>>;
}
