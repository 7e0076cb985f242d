import type { AuditLogger } from '../../event/audit-logger.js';
import type { FlushResult } from '../../event/event-sink.js';
import type { GapEventBuilder } from '../../event/gap-event.js';
import type { Ledger } from '../../ledger/ledger.js';
import { outsideCallers } from '../outside-callers.js';
import { AbandonedStreams } from './abandoned-streams.js';
import { StreamFolder } from './stream-folder.js';
import { HEARTBEAT_MS } from './stream-record.js';
import type { StreamSoFar } from './stream-so-far.js';

export interface OpenStreamSettings {
  readonly id: string;
  readonly source: string;
  readonly gapEvent: GapEventBuilder;
  /** Where the files of open streams lie; without, the end of a process leaves no trace. */
  readonly folder?: string | undefined;
  readonly soFar?: StreamSoFar | undefined;
  readonly logger: AuditLogger;
  /** See `AbandonedStreamsSettings`. */
  readonly takeIn?: ((ledger: Ledger) => Promise<ReadonlySet<string>>) | undefined;
  /** Waits for all events up to now. */
  readonly flush: (timeoutMs: number) => Promise<FlushResult>;
}

/** What there is to wait for before a stream is closed. */
export interface StreamEnding {
  readonly telling: Promise<unknown>;
  readonly isTold: () => boolean;
  /** Every event is there, or lost. */
  readonly isComplete: boolean;
}

/** An idle process says in the ledger that it lives every so many heartbeats: `verify` wonders after an hour. */
const IDLE_BEATS = 30;

/**
 * The stream of this process' events in the ledger, in clear text beside them: that it is open, how many events there
 * were by now, and that it was closed. Shows what is missing even when nothing comes after it.
 */
export class OpenStream {
  private readonly folder: StreamFolder | undefined;
  private readonly others: AbandonedStreams | undefined;
  private ledger: Ledger | undefined;
  private numbered: number;
  private announced: boolean;
  private told = 0;
  private idleBeats = 0;
  private timer: NodeJS.Timeout | undefined;
  private ending: Promise<void> | undefined;

  constructor(private readonly settings: OpenStreamSettings) {
    this.numbered = settings.soFar?.numbered ?? 0;
    this.announced = settings.soFar?.announced ?? false;
    if (settings.folder === undefined) return;
    this.folder = new StreamFolder(settings.folder);
    this.others = new AbandonedStreams({ ...settings, folder: this.folder });
  }

  /** Before anything is recorded: that there was a process is known even if its ledger never opens. */
  async begin(): Promise<void> {
    await this.folder?.write(this.settings.id).catch(() => undefined);
  }

  /** The ledger is open. Looks for streams whose process died, and begins to say that this one lives. */
  opened(ledger: Ledger): void {
    this.ledger = ledger;
    this.timer = setInterval(this.beatOutside, HEARTBEAT_MS).unref();
    this.endOthers(ledger);
  }

  /** There is an event, or a lost one, with this place in the stream. */
  has(seq: number | undefined): void {
    if (seq !== undefined) this.reached(seq + 1);
  }

  /** So many places are given away. */
  reached(count: number): void {
    this.numbered = Math.max(this.numbered, count);
  }

  /** Before each event that is given to the ledger: the first one comes behind the stream's opening. */
  announce(ledger: Ledger): void {
    if (this.announced) return;
    this.announced = true;
    const { id: stream, source } = this.settings;
    // Not written, for the reason for which the events behind it are not either: it goes before them again.
    ledger.stream({ kind: 'open', stream, source }).catch(() => (this.announced = false));
  }

  /**
   * Behind everything that was given to the ledger, of which lost events are told last: `telling` until `isTold`. Where
   * events are still to come, from the spool, the next process does it.
   */
  async close({ telling, isTold, isComplete }: StreamEnding): Promise<void> {
    clearInterval(this.timer);
    const { id: stream, source } = this.settings;
    const { ledger, numbered: count } = this;
    const closed =
      isComplete && ledger !== undefined && this.announced
        ? this.say(ledger.stream({ kind: 'close', stream, source, count }))
        : isComplete && count === 0;
    const [isClosed] = await Promise.all([closed, telling, this.ending]);
    // What could not be written down is found by the next process.
    if (isClosed && isTold()) await this.folder?.remove(stream).catch(() => undefined);
  }

  private endOthers(ledger: Ledger): void {
    this.ending ??= this.others?.end(ledger).finally(() => (this.ending = undefined));
  }

  private say(written: Promise<unknown>): Promise<boolean> {
    return written.then(
      () => true,
      () => false,
    );
  }

  private readonly beatOutside = outsideCallers(() => void this.beat());

  private async beat(): Promise<void> {
    const { ledger, numbered: count } = this;
    const { id: stream, source } = this.settings;
    await this.folder?.touch(stream).catch(() => undefined);
    if (ledger === undefined) return;
    this.endOthers(ledger);
    if (!this.announced || (count === this.told && ++this.idleBeats < IDLE_BEATS)) return;
    // All of them are in the ledger by then, or lost.
    if ((await this.settings.flush(HEARTBEAT_MS / 2)).pending > 0) return;
    this.told = count;
    this.idleBeats = 0;
    if (!(await this.say(ledger.stream({ kind: 'heartbeat', stream, source, count })))) this.told = -1;
  }
}
