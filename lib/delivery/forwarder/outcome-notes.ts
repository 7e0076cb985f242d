import type { Receipt } from '../../event/event-sink.js';
import type { RateLimitedLogger } from '../rate-limited-logger.js';
import { payloadHashMatches } from '../remote/receipt.js';
import { PAUSES } from '../pause.js';
import type { ForwardCounters } from './forward-counters.js';
import type { ForwardItem } from './forward-item.js';
import type { ForwardOutcome, ForwardPause, ForwardedEvent } from './forward-store.js';

/** Puts into words, counts and logs how attempts end. */
export class OutcomeNotes {
  private toldPause: ForwardPause['reason'] | undefined;

  constructor(
    private readonly counters: ForwardCounters,
    private readonly logger: RateLimitedLogger,
    private readonly now: () => number,
  ) {}

  delivered(item: ForwardItem, { txId: remoteTxId, ...receipt }: Receipt): ForwardOutcome {
    const { payloadHash, duplicate } = receipt;
    const hashMatches = payloadHash === undefined ? undefined : payloadHashMatches(payloadHash, item.event.payload);
    this.counters.delivered++;
    if (duplicate) this.counters.duplicates++;
    if (hashMatches === false) {
      this.counters.hashMismatches++;
      const which = `event ${item.event.id}, entry ${item.index} of the ledger, transaction ${remoteTxId}`;
      this.logger.error('hash', `The destination confirmed another payload than the one that was sent: ${which}`);
    }
    return { kind: 'delivered', ...this.event(item), ...receipt, remoteTxId, hashMatches };
  }

  rejected(item: ForwardItem, refusal: { readonly status?: number; readonly reason: string }): ForwardOutcome {
    const { status, reason } = refusal;
    this.counters.rejected++;
    const why = status === undefined ? reason : `${status}: ${reason}`;
    this.counters.lastError = `The destination refused an event for good (${why})`;
    const remedy = 'it stays in the ledger, and can be sent again with redrive';
    this.logger.warn('rejected', `${this.counters.lastError}, entry ${item.index} of the ledger: ${remedy}`);
    return { kind: 'rejected', ...this.event(item), status, reason };
  }

  setAside(item: ForwardItem, reason: string): ForwardOutcome {
    return this.rejected(item, { reason: `given up after ${item.retries} attempts, the last of which: ${reason}` });
  }

  /** For an event of whose content the ledger has nothing that could be sent. */
  unreadable({ index, txId, key = txId }: Pick<ForwardedEvent, 'index' | 'txId'> & { key?: string }): ForwardOutcome {
    this.counters.rejected++;
    const reason = 'its content in the ledger is erased or unreadable';
    this.counters.lastError = `Entry ${index} of the ledger cannot be sent: ${reason}`;
    this.logger.error('unreadable', this.counters.lastError);
    return { kind: 'rejected', index, txId, key, atMs: this.now(), reason };
  }

  retried(reason: string): void {
    this.counters.retries++;
    this.counters.lastError = reason;
    this.logger.warn('retry', `An event could not be delivered and is sent again later: ${reason}`);
  }

  /** Said once for each pause, however often it is probed in vain. */
  paused({ reason, until }: ForwardPause): void {
    this.counters.lastError = PAUSES[reason];
    if (this.toldPause === reason) return;
    this.toldPause = reason;
    const when = new Date(until).toISOString();
    this.logger.warn(reason, `${PAUSES[reason]}. Nothing is lost; delivery pauses and is tried again at ${when}`);
  }

  resumed(): void {
    this.toldPause = undefined;
    this.logger.log('The destination takes events again: delivery goes on');
  }

  private event({ index, txId, event }: ForwardItem): ForwardedEvent {
    return { index, txId, key: event.id, atMs: this.now() };
  }
}
