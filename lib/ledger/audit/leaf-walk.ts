import { setImmediate as nextTurn } from 'node:timers/promises';
import { concatBytes, equalBytes } from '../encoding/bytes.js';
import { parseLeaf } from '../leaf/encode-leaf.js';
import type { Leaf } from '../leaf/leaf.js';
import { txId } from '../leaf/tx-id.js';
import { TILE_WIDTH } from '../merkle/tile-path.js';
import { HASH_BYTES, leafHash } from '../merkle/tree-hash.js';
import { treeRoot } from '../merkle/tree-root.js';
import type { Check, EntryBatch, SoundBatch } from './check.js';
import { EntryTree } from './entry-tree.js';
import type { Examined } from './examine/examined.js';
import type { Findings } from './findings.js';
import { contain } from './contain.js';
import type { EntryBundle } from './ledger-source.js';
import { quickLeaf } from './quick-leaf.js';
import { placeOf } from './source-reader.js';
import type { SourceReader } from './source-reader.js';
import type { BelowTile, VisitedTile } from './tree-walk.js';

const LONGEST_TURN_MS = 10;

export interface LeafWalkContext {
  readonly reader: SourceReader;
  readonly findings: Findings;
  readonly checks: readonly Check[];
  /** See `Examiner`. */
  readonly examine: (n: number) => Promise<Examined | undefined>;
  /** Entries are not of our format: nothing is read out of them. */
  readonly opaque: boolean;
  readonly onProgress: (done: number) => void;
}

/** Holds the entries, batch by batch, against the tiles of level 0, and shows them to the checks. */
export class LeafWalk {
  /** The tree computed from the entries, in which stored hashes stand in for entries that are missing. */
  readonly tree = new EntryTree();
  /** Neither an entry nor its hash was there: the computed tree says nothing. */
  hasHoles = false;

  private restedAt = performance.now();

  constructor(private readonly context: LeafWalkContext) {}

  /** Whether bundle `n` is sound, has this root, and is nothing that a check has to look at closely. If so it is done. */
  async pass(n: number, root: Uint8Array): Promise<boolean> {
    const { checks, findings, reader } = this.context;
    const examined = await this.context.examine(n);
    if (examined === undefined || !equalBytes(examined.root, root)) return false;
    const rootAt = (size: number): Uint8Array => this.tree.rootAt(size);
    const batch: SoundBatch = { ...examined, first: n * TILE_WIDTH, rootAt };
    if (!checks.every((check) => check.pass !== undefined && (check.canPass?.(batch) ?? true))) return false;
    reader.hadAll();
    this.tree.append(examined.tile, examined.root);
    for (const check of checks) await contain(findings, () => check.pass?.(batch));
    await this.progress(batch.first + TILE_WIDTH);
    return true;
  }

  async visit(tile: VisitedTile): Promise<BelowTile> {
    const { n, width } = tile.address;
    const bundle = await this.context.reader.entries(n, width);
    const hashes = bundle.entries.map((entry) => entry && leafHash(entry));
    if (!bundle.isMalformed && isWhole(hashes) && tile.stored && isTile(tile.stored, hashes)) {
      this.tree.append(tile.stored, tile.root);
      await this.show({ first: n * TILE_WIDTH, entries: bundle.entries, hashes });
      return { derived: tile.stored, hasContradiction: false };
    }
    return this.tellApart(tile, bundle, hashes);
  }

  /** Something is wrong or missing: what. */
  private async tellApart(tile: VisitedTile, bundle: EntryBundle, hashes: Hashes): Promise<BelowTile> {
    const { n, width } = tile.address;
    const stored = Array.from({ length: width }, (_, at) => tile.stored && hashAt(tile.stored, at));
    const differing = hashes.flatMap((hash, at) => (differ(hash, stored[at]) ? [at] : []));
    // Behind the first wrong entry of a malformed bundle, all are wrong.
    const culprits = bundle.isMalformed ? differing.slice(0, 1) : differing;
    const accused = whoIsWrong(tile, hashes);
    this.report({ tile, bundle, culprits, accused });
    const isWrong = (at: number): boolean => differing.includes(at) && (accused.entries || bundle.isMalformed === true);
    const known = hashes.map((hash, at) => (bundle.isMalformed && stored[at]) || (hash ?? stored[at]));
    const derived = known.map((hash) => hash ?? new Uint8Array(HASH_BYTES));
    const hasHoles = known.includes(undefined);
    this.hasHoles ||= hasHoles;
    const bytes = concatBytes(...derived);
    this.tree.append(bytes);
    await this.show({
      first: n * TILE_WIDTH,
      entries: bundle.entries.map((entry, at) => (isWrong(at) ? undefined : entry)),
      hashes: known.map((hash, at) => (isWrong(at) ? stored[at] : hash)),
    });
    return { derived: bytes, hasContradiction: culprits.length > 0, hasHoles };
  }

  private async show(shown: Pick<EntryBatch, 'first' | 'entries' | 'hashes'>): Promise<void> {
    const { checks, findings, opaque } = this.context;
    const leaves = shown.entries.map((entry) => (entry === undefined || opaque ? undefined : readLeaf(entry)));
    const batch: EntryBatch = { ...shown, leaves, rootAt: (size) => this.tree.rootAt(size) };
    for (const check of checks) await contain(findings, () => check.visit(batch));
    await this.progress(shown.first + shown.entries.length);
  }

  private async progress(done: number): Promise<void> {
    this.context.onProgress(done);
    await this.rest();
  }

  /** Lets others have their turn: reading a database waits for nothing, and an application may verify while it serves. */
  private async rest(): Promise<void> {
    if (performance.now() - this.restedAt < LONGEST_TURN_MS) return;
    await nextTurn();
    this.restedAt = performance.now();
  }

  private report({ tile, bundle, culprits, accused }: Comparison): void {
    const { findings } = this.context;
    const { path, index: first } = placeOf(tile.address);
    for (const at of culprits) {
      const index = first + at;
      if (accused.tile) {
        findings.add('TILE_MISMATCH', { path, index, message: 'a hash of the tile is not the one of its entry' });
      }
      if (accused.entries) {
        const committed = tile.stored && txId(hashAt(tile.stored, at));
        const message = 'the entry is not the one that the tree has at its place';
        findings.add('ENTRY_MISMATCH', { index, message, ...(committed === undefined ? {} : { txId: committed }) });
      }
    }
    if (bundle.isMalformed && culprits.length === 0) {
      // The first that could not be told apart; if all could, something stands behind the last.
      const at = bundle.entries.indexOf(undefined);
      const { path: bundlePath } = placeOf({ ...tile.address, level: 'entries' });
      const index = first + (at === -1 ? bundle.entries.length - 1 : at);
      findings.add('ENTRY_MISMATCH', { index, path: bundlePath, message: 'the bundle of entries is malformed' });
    }
  }
}

type Hashes = readonly (Uint8Array | undefined)[];

interface Accused {
  readonly tile: boolean;
  readonly entries: boolean;
}

interface Comparison {
  readonly tile: VisitedTile;
  readonly bundle: EntryBundle;
  /** Places in the tile where entry and hash differ. */
  readonly culprits: readonly number[];
  readonly accused: Accused;
}

/** Entries that differ from an authentic tile are wrong. If the tile is not authentic, it is; the entries may be as well. */
function whoIsWrong({ isAuthentic, expected }: VisitedTile, hashes: Hashes): Accused {
  if (isAuthentic) return { tile: false, entries: true };
  if (expected === undefined) return { tile: true, entries: false };
  const all = hashes.filter((hash) => hash !== undefined);
  return { tile: true, entries: all.length < hashes.length || !equalBytes(treeRoot(all), expected) };
}

function isWhole(hashes: Hashes): hashes is readonly Uint8Array[] {
  return !hashes.includes(undefined);
}

/** Whether these are the hashes of a tile, each in its place. */
function isTile(tile: Uint8Array, hashes: readonly Uint8Array[]): boolean {
  return Buffer.concat(hashes).equals(tile);
}

function readLeaf(entry: Uint8Array): Leaf | undefined {
  return quickLeaf(entry) ?? parseLeaf(entry);
}

function differ(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && !equalBytes(a, b);
}

function hashAt(tile: Uint8Array, at: number): Uint8Array {
  return tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
}
