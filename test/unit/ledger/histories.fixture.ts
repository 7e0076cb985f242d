import { expect } from '@jest/globals';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../../lib/ledger/ledger.js';
import type { LedgerEntry, LedgerEvent, RecordReceipt } from '../../../lib/ledger/ledger.types.js';
import {
  emptyRoot,
  leafHash,
  parseLeaf,
  parsePolicy,
  txId,
  verifyCheckpoint,
} from '../../../lib/ledger/verify/index.js';
import { eventually } from '../../support/eventually.js';
import { faultySqlite } from '../../support/faulty-sqlite.js';
import type { Faults } from '../../support/faulty-sqlite.js';
import { anEvent, openTestLedger } from '../../support/ledger.js';
import { hex, rootsOf } from './ledger.fixture.js';

/** What goes wrong while something is under way, and after how many milliseconds. */
export interface Trouble {
  readonly kind: 'none' | 'lost' | 'kept' | 'kill' | 'close';
  readonly ms: number;
}

/** A ledger whose process is restarted and killed, whose commits fail, and whose clock is set. */
export class RunningLedger {
  ledger!: Ledger;
  now = 1_700_000_000_000;
  /** Of the process. What it answers after its death nobody hears. */
  private life = 0;
  private readonly faults: Faults = { commits: [] };

  constructor(private readonly root: string) {
    mkdirSync(this.folder, { recursive: true });
  }

  get path(): string {
    return join(this.folder, 'ledger.db');
  }

  get exported(): string {
    return join(this.root, 'exported');
  }

  get policy(): NonNullable<ReturnType<typeof parsePolicy>> {
    return parsePolicy(`log ${this.ledger.vkey}\nquorum none\n`)!;
  }

  async open(): Promise<void> {
    const openSqlite = await faultySqlite(this.faults);
    this.ledger = await openTestLedger(this.folder, { openSqlite, now: () => this.now });
  }

  async reopen(): Promise<void> {
    await this.ledger.close();
    await this.open();
  }

  /** What was written so far is copied all at once, and gone on with: the rest of the process's work is lost. */
  async kill(): Promise<void> {
    const [dead, from] = [this.ledger, this.folder];
    this.life += 1;
    mkdirSync(this.folder);
    const files = readdirSync(from).filter((file) => !file.endsWith('-shm'));
    for (const file of files) copyFileSync(join(from, file), join(this.folder, file));
    await dead.close();
    await this.open();
  }

  /** Does something in trouble, until the ledger works again. The answers are those that were heard. */
  async during<T>({ kind, ms }: Trouble, work: () => Promise<T>[]): Promise<PromiseSettledResult<T | undefined>[]> {
    const { life } = this;
    const fail = (): void => {
      if (kind === 'lost' || kind === 'kept') this.faults.commits.push(kind);
    };
    if (ms === 0) fail();
    const answers = Promise.allSettled(work().map((one) => one.then((it) => (life === this.life ? it : undefined))));
    if (ms > 0) await sleep(ms).then(fail);
    if (kind === 'kill') await this.kill();
    if (kind === 'close') await this.reopen();
    const heard = await answers;
    this.faults.commits.length = 0;
    await eventually(() => expect(this.ledger.status().state).toBe('ok'));
    const failed = heard.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []));
    for (const error of failed) expect(error).toMatchObject({ code: 'IML_LEDGER_UNAVAILABLE', retryable: true });
    if (kind === 'none') expect(failed).toEqual([]);
    return heard;
  }

  private get folder(): string {
    return join(this.root, String(this.life));
  }
}

/** What has to be true of the log, from its answers alone. */
export class KnownLog {
  /** Entries that were acknowledged, by their places. Those that are no events have no event. */
  readonly acknowledged = new Map<number, { readonly txId?: string; readonly event?: LedgerEvent }>();
  /** Events that were not, by their payloads: each is in the log once, or not at all. */
  readonly doubtful = new Map<string, { readonly event: LedgerEvent; readonly absent: boolean }>();
  /** Places of events that are erased, and the reasons that were given. */
  readonly erased = new Map<number, Set<string>>();
  /** Checkpoints that were let out. */
  readonly notes: string[] = [];
  private readonly places = new Map<string, Pick<RecordReceipt, 'txId' | 'index'>>();
  private hashes: string[] = [];
  private given = 0;

  next(): number {
    return this.given++;
  }

  /** New events, one in five without a key: these are never given again. The others make up a stream of their own. */
  newEvents(count: number): LedgerEvent[] {
    const id = `process-${this.given}`;
    let seq = 0;
    return Array.from({ length: count }, () => {
      const number = this.next();
      if (number % 5 === 0) return anEvent(number);
      return anEvent(number, { idempotencyKey: `key-${number}`, stream: { id, seq: seq++ } });
    });
  }

  /** Acknowledged events, those that are erased only if wanted. */
  events({ erased = true } = {}): { readonly index: number; readonly txId: string; readonly event: LedgerEvent }[] {
    return [...this.acknowledged].flatMap(([index, { txId, event }]) =>
      event === undefined || txId === undefined || (!erased && this.erased.has(index)) ? [] : [{ index, txId, event }],
    );
  }

  doubt(event: LedgerEvent, absent = false): void {
    if (!this.places.has(event.payload)) this.doubtful.set(event.payload, { event, absent });
  }

  acknowledge(event: LedgerEvent, { txId, index, duplicate }: RecordReceipt): void {
    const first = this.places.get(event.payload);
    if (first !== undefined) return expect({ txId, index, duplicate }).toEqual({ ...first, duplicate: true });
    if (this.acknowledged.has(index)) throw new Error(`two events were acknowledged at ${index}`);
    if (this.doubtful.get(event.payload)?.absent !== false) expect(duplicate).toBe(false);
    this.doubtful.delete(event.payload);
    this.places.set(event.payload, { txId, index });
    this.acknowledged.set(index, { txId, event });
  }

  /** Compares all that the ledger has. Answers with the events that can be read, by their places. */
  async compare(running: RunningLedger): Promise<Map<number, LedgerEvent>> {
    const entries: LedgerEntry[] = [];
    for await (const entry of running.ledger.entries()) entries.push(entry);
    this.notes.push(await running.ledger.checkpoint());
    this.compareTree(entries, running);
    return this.compareContents(entries);
  }

  private compareTree(entries: readonly LedgerEntry[], { ledger, policy }: RunningLedger): void {
    const leaves = entries.map(({ leaf }) => leafHash(leaf));
    const hashes = leaves.map(hex);
    expect(entries.map(({ index }) => index)).toEqual([...entries.keys()]);
    expect(hashes.slice(0, this.hashes.length)).toEqual(this.hashes);
    this.hashes = hashes;
    const acknowledged = [...this.acknowledged].filter((entry) => entry[1].txId !== undefined);
    const found = acknowledged.map(([index]) => [index, leaves[index] && txId(leaves[index])]);
    expect(found).toEqual(acknowledged.map(([index, entry]) => [index, entry.txId]));
    const trees = this.notes.map((note) => verifyCheckpoint(note, policy)!);
    const roots = rootsOf(leaves, emptyRoot()).map(hex);
    expect(trees.map(({ root }) => hex(root))).toEqual(trees.map(({ size }) => roots[size]));
    const sizes = trees.map(({ size }) => size);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect([sizes.at(-1), ledger.size()]).toEqual([entries.length, entries.length]);
  }

  private compareContents(entries: readonly LedgerEntry[]): Map<number, LedgerEvent> {
    const found = entries.map(({ leaf, content }) => {
      if (parseLeaf(leaf)?.type !== 'event') return undefined;
      return content?.payload === undefined ? 'erased' : Buffer.from(content.payload).toString();
    });
    const doubtfulAt = (index: number): LedgerEvent | undefined => this.doubtful.get(found[index] ?? '')?.event;
    const expected = found.map((_, index) => {
      const known = this.acknowledged.get(index) ?? { event: doubtfulAt(index) };
      return known.event !== undefined && this.erased.has(index) ? 'erased' : known.event?.payload;
    });
    expect(found).toEqual(expected);
    const present = found.filter((payload) => payload !== undefined && payload !== 'erased');
    expect(new Set(present).size).toBe(present.length);
    const absent = [...this.doubtful.values()].filter((one) => one.absent).map(({ event }) => event.payload);
    expect(absent.filter((payload) => found.includes(payload))).toEqual([]);
    const readable = found.map((payload, index): [number, LedgerEvent | undefined] => {
      if (payload === 'erased') return [index, undefined];
      return [index, this.acknowledged.get(index)?.event ?? doubtfulAt(index)];
    });
    return new Map(readable.filter((one): one is [number, LedgerEvent] => one[1] !== undefined));
  }
}
