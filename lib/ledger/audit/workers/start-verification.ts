import type { Worker } from 'node:worker_threads';
import type { AuditLogger } from '../../../event/audit-logger.js';
import type { VerificationFinding, VerificationStatus } from '../../../event/verification-status.js';
import { startThread } from './start-thread.js';
import type { VerifyAnswer, VerifyInput } from './verify-protocol.js';
import { verifyLocation } from './worker-location.js';

/** By then a start has written what it has to say of the processes before it, and the application is up. */
const AFTER_MS = 10_000;

export interface StartVerificationContext extends VerifyInput {
  readonly origin: string;
  readonly logger: AuditLogger;
  readonly afterMs?: number | undefined;
  readonly location?: URL | string | undefined;
}

/**
 * Verifies all of a ledger once, a moment after its start, in a thread of its own: whoever appends meanwhile notices
 * nothing of it. It logs what it has come to, and changes nothing: what was altered once would otherwise keep the
 * application from ever recording again.
 */
export class StartVerification {
  private current: VerificationStatus = { state: 'pending' };
  private timer: NodeJS.Timeout | undefined;
  private worker: Worker | undefined;
  private isClosed = false;

  constructor(private readonly context: StartVerificationContext) {}

  get status(): VerificationStatus {
    return this.current;
  }

  begin(): void {
    this.timer = setTimeout(() => this.run(), this.context.afterMs ?? AFTER_MS).unref();
  }

  /** What is not done by now is left. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.worker?.terminate();
  }

  private run(): void {
    const { path, highWaterPath, vkey, location = verifyLocation } = this.context;
    const workerData: VerifyInput = { path, highWaterPath, vkey };
    try {
      this.worker = startThread(location, workerData);
    } catch (error) {
      return this.fail(error);
    }
    // It keeps no process from ending.
    this.worker.unref();
    this.worker.once('message', (answer: VerifyAnswer) => this.end(answer));
    // Without a script of its own, as in a bundle, or without memory for one more.
    this.worker.once('error', (error) => this.fail(error));
    this.worker.once('exit', () => this.fail('its thread ended'));
  }

  private fail(error: unknown): void {
    this.end({ state: 'failed', problem: error instanceof Error ? error.message : String(error) });
  }

  private end(result: VerificationStatus): void {
    if (this.isClosed || this.current.state !== 'pending') return;
    this.current = result;
    const { logger, path, origin } = this.context;
    const { state, entries, findings = [], problem } = result;
    const look = `Look closer: npx immutable-log verify --db ${path} --content`;
    if (state === 'verified') {
      logger.log(`The ledger ${origin} was verified: ${entries} entries and their content`);
    } else if (state === 'failed') {
      logger.warn(`The ledger ${origin} was not verified at its start: ${problem}. ${look}`);
    } else if (state === 'tampered') {
      logger.error(`The ledger ${origin} was TAMPERED WITH: ${inWords(findings)}. ${look}`);
    } else {
      logger.warn(`The ledger ${origin} is incomplete or suspicious: ${inWords(findings)}. ${look}`);
    }
  }
}

function inWords(findings: readonly VerificationFinding[]): string {
  return findings.map(({ code, index }) => (index === undefined ? code : `${code} at entry ${index}`)).join(', ');
}
