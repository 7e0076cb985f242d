import type { VerificationStatus } from '../event/verification-status.js';
import type { StartVerification } from './audit/workers/start-verification.js';
import { encodeBase64 } from './encoding/base64.js';
import { decodeUtf8 } from './encoding/utf8.js';
import { formatOpening } from './leaf/opening.js';
import { payloadHash } from './leaf/event-content.js';
import { parseTxId, txId } from './leaf/tx-id.js';
import { findErasure } from './erasure/find-erasure.js';
import { LedgerCorruptError, LedgerReadOnlyError, LedgerUnavailableError } from './ledger-errors.js';
import type { ErasureReceipt, ErasureRequest } from './ledger.types.js';
import type { EventFilter, EventPage, EventsFound, LedgerEntry, LedgerEvent } from './ledger.types.js';
import type { LedgerReceipt, LedgerStatus, RecordReceipt, StoredEvent, StreamNotice } from './ledger.types.js';
import { formatEntryBundle } from './merkle/entry-bundle.js';
import { TILE_WIDTH } from './merkle/tile-path.js';
import { HASH_BYTES } from './merkle/tree-hash.js';
import { isCount } from './merkle/tree-index.js';
import { tileWidth } from './merkle/tree-tiles.js';
import { prepareEvent } from './sequencer/prepare-event.js';
import { prepareNotice } from './sequencer/prepare-notice.js';
import type { Released } from './sequencer/remembered.js';
import type { LedgerStore } from './store/ledger-store.js';
import { readInclusionProof } from './store/read-tree.js';
import { toStoredEvent } from './stored-event.js';
import { formatTlogProof } from './verify/tlog-proof.js';
import type { LedgerWriter } from './writer.js';

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1_000;

/** What a ledger is made of: see `openLedger`. */
export interface LedgerParts {
  readonly store: LedgerStore;
  readonly identity: { readonly origin: string; readonly vkey: string };
  /** The newest checkpoint that may be shown. */
  readonly newest: () => Promise<Released>;
  /** Missing when the ledger is read only. */
  readonly writer?: LedgerWriter | undefined;
  /** Present where it was asked for. */
  readonly verification?: StartVerification | undefined;
}

/** An append-only log of events whose every state is signed, and of which every event can be proved to be in it. */
export class Ledger {
  readonly origin: string;
  /** What verifiers need to trust the log's signatures. */
  readonly vkey: string;
  private shown: Released | undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: LedgerParts) {
    this.origin = parts.identity.origin;
    this.vkey = parts.identity.vkey;
  }

  /**
   * Records an event. Resolves when it is durable and a signed checkpoint covers it; an event given again under its
   * idempotency key gets its first place again.
   *
   * Rejects with `InvalidLedgerEventError`, `IdempotencyKeyReusedError`, `LedgerReadOnlyError`, or, when it is worth
   * trying again under the same key, `LedgerUnavailableError`.
   */
  async append(event: LedgerEvent): Promise<LedgerReceipt> {
    const { writer } = this;
    const prepared = prepareEvent(event, writer.prepare);
    const { leafHash, duplicate, index, treeSize } = await writer.append(prepared);
    const hashes = { txId: txId(leafHash), payloadHash: payloadHash(event.payload), leafHash: encodeBase64(leafHash) };
    return { ...hashes, duplicate, index, treeSize };
  }

  /**
   * Records an event as `append` does, and resolves as soon as it is durable. A signed checkpoint covers it a tenth of a
   * second later, or as soon as somebody asks for one.
   */
  async record(event: LedgerEvent): Promise<RecordReceipt> {
    const { writer } = this;
    const prepared = prepareEvent(event, writer.prepare);
    const { leafHash, duplicate, index } = await writer.append(prepared, 'durable');
    return { txId: txId(leafHash), payloadHash: payloadHash(event.payload), duplicate, index };
  }

  /**
   * Says in the log, in clear text, what becomes of a stream of events. Resolves when it is durable and a signed
   * checkpoint covers it; comes behind all that was given before. Rejects as `append` does.
   */
  async stream(notice: StreamNotice): Promise<{ readonly index: number }> {
    const { index } = await this.writer.append(prepareNotice(notice));
    return { index };
  }

  /**
   * Erases the content of events for good: payload, meta, what opens their commitments, what searches find them by, and
   * their idempotency keys. Says so in the log first. Their entries stay, and with them every checkpoint and proof; what
   * was announced and not done, because the process died, is done at the next start. Rejects as `append` does.
   */
  async erase(request: ErasureRequest): Promise<ErasureReceipt> {
    return this.writer.erase(request);
  }

  /** Does what is announced to be erased. Resolves with whether nothing of it is left in the ledger's files. */
  async finishErasures(): Promise<boolean> {
    return this.writer.carryOut();
  }

  /** The newest signed checkpoint, a signed note. Each one continues those before. */
  async checkpoint(): Promise<string> {
    return (await this.refresh()).note;
  }

  /** Entries covered by the newest checkpoint that this object has let out. */
  size(): number {
    return this.parts.writer?.checkpoints.newest?.size ?? this.shown?.size ?? 0;
  }

  /** The event with this id. */
  async find(id: string): Promise<StoredEvent | undefined> {
    const entry = await this.entryOf(id);
    const event = entry && toStoredEvent(entry);
    if (event === undefined || (event.payload ?? event.meta ?? event.unreadable) !== undefined) return event;
    const erasure = await findErasure(this.parts.store, event.index);
    return erasure === undefined ? event : { ...event, erasure };
  }

  /** The events that fit, page by page. Pages neither repeat nor miss what was there, while events arrive. */
  async query(filter: EventFilter = {}, page: EventPage = {}): Promise<EventsFound> {
    const { limit = DEFAULT_PAGE, cursor, order = 'newest' } = page;
    const wanted = Math.min(Math.max(Math.trunc(limit) || 1, 1), LARGEST_PAGE);
    const found = await this.parts.store.search(filter, { limit: wanted + 1, cursor, order });
    const entries = found.slice(0, wanted);
    const events = entries.flatMap((entry) => toStoredEvent(entry) ?? []);
    const last = entries.at(-1);
    return found.length > wanted && last !== undefined ? { events, next: last.index } : { events };
  }

  /** The `.tlog-proof` of an entry, with what opens its commitments; `undefined` if there is no such entry. */
  async proof(id: string): Promise<string | undefined> {
    const entry = await this.entryOf(id);
    if (entry === undefined) return undefined;
    const { size, note } = await this.covering(entry.index + 1);
    const hashes = await readInclusionProof(this.parts.store, entry.index, size);
    const leaf = decodeUtf8(entry.leaf);
    if (hashes === undefined || leaf === undefined) {
      throw new LedgerCorruptError(`the tiles that prove entry ${entry.index} are missing`);
    }
    const { payloadSalt, metaSalt } = entry.content ?? {};
    const extra = formatOpening({ leaf, ...(payloadSalt && { payloadSalt }), ...(metaSalt && { metaSalt }) });
    return formatTlogProof({ index: entry.index, hashes, checkpoint: note, extra });
  }

  /** The tile with exactly this many hashes, 256 unless told, as tlog-tiles serves it; `undefined` if there is none. */
  async tile(level: number, n: number, width = TILE_WIDTH): Promise<Uint8Array | undefined> {
    if (!(await this.isServed(level, n, width))) return undefined;
    const tile = await this.parts.store.tile(level, n);
    if (tile === undefined || tile.length < width * HASH_BYTES) {
      throw new LedgerCorruptError(`tile ${n} of level ${level} is missing or too short`);
    }
    return tile.subarray(0, width * HASH_BYTES);
  }

  /** The bundle with exactly this many entries, 256 unless told, as tlog-tiles serves it; `undefined` if there is none. */
  async bundle(n: number, width = TILE_WIDTH): Promise<Uint8Array | undefined> {
    if (!(await this.isServed('entries', n, width))) return undefined;
    const entries = await this.parts.store.entries(n * TILE_WIDTH, n * TILE_WIDTH + width);
    if (entries.length !== width) throw new LedgerCorruptError(`entries of bundle ${n} are missing`);
    return formatEntryBundle(entries.map(({ leaf }) => leaf));
  }

  /** Every entry from `from` up to, and without, `to`: those covered by the newest checkpoint unless told. */
  async *entries(from = 0, to = Infinity): AsyncGenerator<LedgerEntry, void, undefined> {
    const end = Math.min(to, (await this.refresh()).size);
    for (let at = from; at < end; at += TILE_WIDTH)
      yield* await this.parts.store.entries(at, Math.min(at + TILE_WIDTH, end));
  }

  /** What the verification at the start has come to, where there is one. */
  get verification(): VerificationStatus | undefined {
    return this.parts.verification?.status;
  }

  status(): LedgerStatus {
    const { origin, vkey, verification } = this;
    const common = { origin, vkey, size: this.size(), ...(verification && { verification }) };
    if (this.parts.writer !== undefined) {
      const status = { ...common, ...this.parts.writer.status() };
      return this.closing === undefined ? status : { ...status, state: 'closed' };
    }
    const counts = { waiting: 0, appended: 0, duplicates: 0, commits: 0, failed: 0 };
    return { ...common, ...counts, state: this.closing === undefined ? 'read-only' : 'closed' };
  }

  /** Ends what was given, writes down the newest checkpoint, and lets go of the file. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private get writer(): LedgerWriter {
    const { writer } = this.parts;
    if (writer === undefined) throw new LedgerReadOnlyError();
    return writer;
  }

  private async end(): Promise<void> {
    try {
      // Both at once: the writer refuses what comes from now on, not a moment later.
      await Promise.all([this.parts.writer?.close(), this.parts.verification?.close()]);
    } finally {
      await this.parts.store.close();
    }
  }

  private async entryOf(id: string): Promise<LedgerEntry | undefined> {
    const hash = parseTxId(id);
    const index = hash && (await this.parts.store.indexOf(hash));
    return index === undefined ? undefined : (await this.parts.store.entries(index, index + 1))[0];
  }

  private async refresh(): Promise<Released> {
    this.shown = await this.parts.newest();
    return this.shown;
  }

  private async covering(size: number): Promise<Released> {
    const newest = await this.refresh();
    // Who only reads waits for the writer to save its newest one.
    if (newest.size < size) throw new LedgerUnavailableError(`no signed checkpoint covers entry ${size - 1} yet`);
    return newest;
  }

  /** Another process may have let out more than this one knows of. */
  private async isServed(level: number | 'entries', n: number, width: number): Promise<boolean> {
    if (!isCount(n) || !isCount(width) || width < 1 || width > TILE_WIDTH) return false;
    const has = (size: number): boolean => tileWidth(level, n, size) >= width;
    return has(this.size()) || has((await this.refresh()).size);
  }
}
