import { TILE_WIDTH, tilePath } from '../merkle/tile-path.js';
import type { TileAddress } from '../merkle/tile-path.js';
import { HASH_BYTES } from '../merkle/tree-hash.js';
import type { HashTileAddress } from '../merkle/tree-tiles.js';
import { contain } from './contain.js';
import type { Findings } from './findings.js';
import type { EntryBundle, LedgerSource } from './ledger-source.js';

/** After so many bundles in a row of which nothing could be had, nobody waits for the rest. */
const MAX_BUNDLES_IN_VAIN = 100;

/** Nothing more can be had from a source. */
export class GaveUp extends Error {
  constructor(readonly index: number) {
    super(`nothing could be read up to entry ${index}`);
  }
}

/** Reads tiles and entries, and reports what is missing or has the wrong length. */
export class SourceReader {
  private inVain = 0;

  constructor(
    private readonly source: LedgerSource,
    private readonly findings: Findings,
  ) {}

  /** The bytes of a tile, exactly as many as it has to have. */
  async tile(address: HashTileAddress): Promise<Uint8Array | undefined> {
    const place = placeOf(address);
    const tile = await contain(this.findings, () => this.source.tile(address), place);
    if (tile === 'failed') return undefined;
    if (tile === undefined) {
      this.findings.add(this.source.isWhole ? 'TILE_MISMATCH' : 'UNAVAILABLE', {
        ...place,
        message: 'the tile is missing',
      });
      return undefined;
    }
    if (tile.length === address.width * HASH_BYTES) return tile;
    const message = `the tile has ${tile.length} bytes instead of ${address.width * HASH_BYTES}`;
    this.findings.add('TILE_MISMATCH', { ...place, message });
    return undefined;
  }

  /** The entries of a bundle; `undefined` for those that are missing. */
  async entries(n: number, width: number): Promise<EntryBundle> {
    const place = placeOf({ level: 'entries', n, width });
    const nothing: EntryBundle = { entries: Array<undefined>(width).fill(undefined) };
    const bundle = await contain(this.findings, () => this.source.entries(n, width), place);
    if (bundle === 'failed') return this.had(nothing, place.index);
    if (bundle === undefined && !this.source.isWhole) {
      this.findings.add('UNAVAILABLE', { ...place, message: 'the bundle of entries is missing' });
      return this.had(nothing, place.index);
    }
    const found = bundle ?? nothing;
    // Why entries of a malformed bundle are missing is told where it is compared.
    if (!found.isMalformed) this.reportHoles(found, place.index);
    return this.had(found, place.index);
  }

  /** Another way of reading had a bundle. */
  hadAll(): void {
    this.inVain = 0;
  }

  private reportHoles({ entries }: EntryBundle, first: number): void {
    const code = this.source.isWhole ? 'ENTRIES_MISSING' : 'UNAVAILABLE';
    entries.forEach((entry, at) => {
      if (entry !== undefined) return;
      this.findings.extend(code, { index: first + at, message: 'the tree covers entries that are not there' });
    });
  }

  private had(bundle: EntryBundle, first: number): EntryBundle {
    this.inVain = bundle.entries.every((entry) => entry === undefined) ? this.inVain + 1 : 0;
    if (this.inVain > MAX_BUNDLES_IN_VAIN) throw new GaveUp(first);
    return bundle;
  }
}

interface Place {
  readonly path: string;
  /** The first entry that depends on it. */
  readonly index: number;
}

export function placeOf(address: TileAddress): Place {
  const { level, n } = address;
  return { path: tilePath(address), index: firstIndex(level === 'entries' ? 0 : level, n * TILE_WIDTH) };
}

/** The first entry below hash number `at` of a level. */
export function firstIndex(level: number, at: number): number {
  return at * TILE_WIDTH ** level;
}
