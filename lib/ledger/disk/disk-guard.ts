import { dirname } from 'node:path';
import type { AuditLogger } from '../../event/audit-logger.js';
import { LedgerFullError } from '../ledger-errors.js';
import { BallastFile } from './ballast-file.js';
import { freeBytes } from './free-space.js';
import type { FreeBytes } from './free-space.js';
import { judgeSpace } from './judge-space.js';
import type { BallastState, SpaceRules } from './judge-space.js';

export interface DiskGuardContext extends SpaceRules {
  /** The database. */
  readonly path: string;
  readonly logger: AuditLogger;
  readonly freeBytes?: FreeBytes | undefined;
  readonly diskPauses?: Partial<DiskPauses> | undefined;
}

/** In milliseconds. */
export interface DiskPauses {
  /** Between two looks at the disk, at least; 1,000. */
  readonly checkMs: number;
  /** Between the start and the making of the ballast; 5,000. */
  readonly ballastAfterMs: number;
}

/** The disk of a ledger. */
export interface DiskStatus {
  /** At the last look; infinite where the system does not say. */
  readonly freeBytes: number;
  /** Events are refused until there is more space. */
  readonly isLow: boolean;
  readonly ballast: BallastState;
}

// Neither the start of an application nor a short life has to do with the ballast.
const PAUSES: DiskPauses = { checkMs: 1_000, ballastAfterMs: 5_000 };
const BALLAST_AGAIN_MS = 600_000;
const WARNING_MS = 60_000;

/**
 * Keeps the ledger away from the end of its disk. Below `minFreeBytes` it takes no events; what others leave less than
 * that, the ballast makes up for, so that checkpoints, a shutdown and erasures can be written all the same. Looks at most
 * once a second, and only when asked or when it waits for space.
 */
export class DiskGuard {
  private readonly ballast: BallastFile;
  private readonly folder: string;
  private readonly pauses: DiskPauses;
  private state: BallastState;
  private free = Infinity;
  private refused: LedgerFullError | undefined;
  private isBallastDue = false;
  private making: { readonly ended: Promise<void>; readonly abort: AbortController } | undefined;
  private releasing: Promise<void> | undefined;
  private checking: NodeJS.Timeout | undefined;
  private ballastTimer: NodeJS.Timeout | undefined;
  private warnedAt = -Infinity;
  private hasWarned = false;
  private isStarting = false;
  private closed = false;

  constructor(private readonly context: DiskGuardContext) {
    this.ballast = new BallastFile(`${context.path}.ballast`, context.ballastBytes);
    this.folder = dirname(context.path);
    this.pauses = { ...PAUSES, ...context.diskPauses };
    this.state = context.ballastBytes > 0 ? 'absent' : 'off';
  }

  /** Before the ledger is opened: opening writes. */
  async start(): Promise<void> {
    if (this.state !== 'off' && (await this.ballast.isThere())) this.state = 'ready';
    // A start that fails says so itself, and is tried again and again: it warns of the disk once the ledger is open.
    this.isStarting = true;
    await this.makeRoom();
    this.isStarting = false;
    if (this.refused !== undefined) this.checkSoon();
    this.dueIn(this.pauses.ballastAfterMs);
  }

  /** Why events are not taken. */
  refusal(): LedgerFullError | undefined {
    if (!this.closed) this.checkSoon();
    return this.refused;
  }

  status(): DiskStatus {
    return { freeBytes: this.free, isLow: this.refused !== undefined, ballast: this.state };
  }

  /** Something has to be written now: gives the ballast up if there is little space. */
  async makeRoom(): Promise<void> {
    await this.look();
    if (this.refused !== undefined) await this.release();
  }

  /** A write has failed for want of space, whatever the system says of it. */
  release(): Promise<void> {
    if (this.state === 'ready' || this.state === 'making') {
      this.state = 'released';
      // None is made before this one is gone: it would be the one that is removed.
      this.releasing = this.remove().finally(() => (this.releasing = undefined));
    }
    return this.releasing ?? Promise.resolve();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.checking);
    clearTimeout(this.ballastTimer);
    await this.endMaking();
  }

  private async remove(): Promise<void> {
    await this.endMaking();
    await this.ballast.remove().catch((error: unknown) => {
      this.context.logger.warn(`The ballast of the ledger was not removed: ${String(error)}`);
    });
    await this.look();
    if (!this.closed) this.checkSoon();
  }

  private checkSoon(): void {
    this.checking ??= setTimeout(() => void this.check(), this.pauses.checkMs).unref();
  }

  private async check(): Promise<void> {
    await this.look();
    this.checking = undefined;
    // Also when nobody asks: those who see that nothing is taken stop asking.
    if (this.refused !== undefined && !this.closed) this.checkSoon();
  }

  private async look(): Promise<void> {
    this.free = await (this.context.freeBytes ?? freeBytes)(this.folder);
    if (this.state === 'ready' && !(await this.ballast.isThere())) this.state = 'absent';
    const { isLow, neededBytes, hasRoomForBallast } = judgeSpace(this.free, this.context, this.state);
    const wasLow = this.refused !== undefined;
    this.refused = isLow ? new LedgerFullError({ reason: this.describe(neededBytes) }) : undefined;
    if (isLow) this.warn();
    else if (wasLow) this.wellAgain();
    if (hasRoomForBallast) this.startBallast();
  }

  private startBallast(): void {
    const isMissing = this.state === 'absent' || this.state === 'released';
    if (!isMissing || !this.isBallastDue || this.releasing !== undefined || this.closed) return;
    const abort = new AbortController();
    this.state = 'making';
    this.making = { ended: this.makeBallast(abort.signal), abort };
  }

  private async endMaking(): Promise<void> {
    this.making?.abort.abort();
    await this.making?.ended;
  }

  private async makeBallast(signal: AbortSignal): Promise<void> {
    try {
      await this.ballast.make(signal);
      if (!signal.aborted) this.state = 'ready';
    } catch (error) {
      if (!signal.aborted) this.state = 'absent';
      this.isBallastDue = false;
      this.dueIn(BALLAST_AGAIN_MS);
      this.context.logger.warn(`The ballast of the ledger could not be made: ${String(error)}. It works without it`);
    }
  }

  private dueIn(ms: number): void {
    if (this.state === 'off' || this.closed) return;
    this.ballastTimer = setTimeout(() => {
      this.isBallastDue = true;
      this.checkSoon();
    }, ms).unref();
  }

  private warn(): void {
    // Not the time of day, which can be set back.
    const now = performance.now();
    if (now - this.warnedAt < WARNING_MS || this.refused === undefined || this.isStarting) return;
    this.warnedAt = now;
    this.hasWarned = true;
    this.context.logger.warn(`Events are refused: ${this.refused.reason}`);
  }

  private wellAgain(): void {
    if (this.hasWarned) this.context.logger.log('The disk of the ledger has space again: it takes events');
    this.hasWarned = false;
  }

  private describe(neededBytes: number): string {
    return (
      `only ${megabytes(this.free)} are free on its disk, and it needs ${megabytes(neededBytes)} to take events ` +
      '(ledger.minFreeBytes, ledger.ballastBytes): free some space, it then goes on by itself'
    );
  }
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MB`;
}
