import { MAX_ENTRY_BYTES } from '../../merkle/entry-bundle.js';
import { TILE_WIDTH, tilePath } from '../../merkle/tile-path.js';
import type { TileAddress } from '../../merkle/tile-path.js';
import { HASH_BYTES } from '../../merkle/tree-hash.js';
import type { HashTileAddress } from '../../merkle/tree-tiles.js';
import type { EntryBundle, LedgerSource } from '../ledger-source.js';
import type { SourceRecipe } from '../source-recipe.js';
import { parseBundle } from './parse-bundle.js';

/** Reads what lies under a path below the log's prefix, of at most so many bytes; `undefined` if nothing does. */
export type ReadFile = (path: string, maxBytes: number) => Promise<Uint8Array | undefined>;

const MAX_TILE_BYTES = TILE_WIDTH * HASH_BYTES;
const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_ENTRY_BYTES);
const MAX_CHECKPOINT_BYTES = 1024 * 1024;

/** A log in the layout of c2sp.org/tlog-tiles, wherever its files are. */
export class StaticSource implements LedgerSource {
  readonly isWhole = false;

  constructor(
    readonly name: string,
    private readonly read: ReadFile,
    readonly recipe?: SourceRecipe,
  ) {}

  async checkpoint(): Promise<string | undefined> {
    const bytes = await this.read('checkpoint', MAX_CHECKPOINT_BYTES);
    // Bytes that are no UTF-8 become a text that nobody has signed.
    return bytes && new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  }

  async tile(address: HashTileAddress): Promise<Uint8Array | undefined> {
    const found = await this.readWide(address, MAX_TILE_BYTES);
    if (found === undefined) return undefined;
    // A partial tile is the beginning of the full one.
    return found.isFull ? found.bytes.subarray(0, address.width * HASH_BYTES) : found.bytes;
  }

  async entries(n: number, width: number): Promise<EntryBundle | undefined> {
    const found = await this.readWide({ level: 'entries', n, width }, MAX_BUNDLE_BYTES);
    if (found === undefined) return undefined;
    const { entries, isMalformed } = parseBundle(found.bytes, found.isFull ? TILE_WIDTH : width);
    return { entries: entries.slice(0, width), ...(isMalformed && { isMalformed }) };
  }

  async close(): Promise<void> {}

  /** Whoever serves a log may drop a partial tile once the full one is there. */
  private async readWide(
    address: TileAddress,
    maxBytes: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly isFull: boolean } | undefined> {
    const exact = await this.read(tilePath(address), maxBytes);
    if (exact !== undefined) return { bytes: exact, isFull: address.width === TILE_WIDTH };
    if (address.width === TILE_WIDTH) return undefined;
    const full = await this.read(tilePath({ ...address, width: TILE_WIDTH }), maxBytes);
    return full && { bytes: full, isFull: true };
  }
}
