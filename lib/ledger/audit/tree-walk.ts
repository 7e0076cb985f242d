import { equalBytes } from '../encoding/bytes.js';
import { parseHashTile, rootFromTiles } from '../merkle/hash-tile.js';
import { TILE_WIDTH } from '../merkle/tile-path.js';
import { HASH_BYTES } from '../merkle/tree-hash.js';
import { treeRoot } from '../merkle/tree-root.js';
import { partialTiles } from '../merkle/tree-tiles.js';
import type { HashTileAddress } from '../merkle/tree-tiles.js';
import type { Findings } from './findings.js';
import { firstIndex, placeOf } from './source-reader.js';
import type { SourceReader } from './source-reader.js';

/** A tile that was read, and how far what lies above vouches for it. */
export interface VisitedTile {
  readonly address: HashTileAddress;
  /** Missing if it could not be read. */
  readonly stored?: Uint8Array | undefined;
  /** Whether its hashes are the ones that the tiles above it, up to the root, commit to. */
  readonly isAuthentic: boolean;
  /** The root that it has to have, as far as an authentic tile says. */
  readonly expected?: Uint8Array | undefined;
  /** Of `stored`, where that is full. */
  readonly root?: Uint8Array | undefined;
}

/** What the tile would be if it was computed from what lies below it. */
export interface BelowTile {
  readonly derived: Uint8Array;
  /** Something below contradicts the tile as it is stored, and was reported. */
  readonly hasContradiction: boolean;
  /** Nothing says what some of it is: it is not made out to be wrong. */
  readonly hasHoles?: boolean;
}

export interface TreeWalkContext {
  readonly reader: SourceReader;
  readonly findings: Findings;
  readonly tree: { readonly size: number; readonly root: Uint8Array };
  /** Whether bundle `n` is in order, and its tile has this root; see `LeafWalk.pass`. */
  readonly pass: (n: number, root: Uint8Array) => Promise<boolean>;
  /** Compares the entries below a tile of level 0 with it. */
  readonly leaves: (tile: VisitedTile) => Promise<BelowTile>;
}

/**
 * Goes through a tree in the order of its entries, from the root down: the partial tiles of the right edge, which together
 * make up the root, then each full tile, which its parent commits to. Every hash is compared with what lies above and with
 * what lies below it, so that where exactly one thing is wrong, that one is named: a hash that contradicts both sides is
 * itself the culprit; one that only contradicts what lies below accuses that.
 */
export class TreeWalk {
  constructor(private readonly context: TreeWalkContext) {}

  /** Answers whether the tree, as its lowest parts have it, has the root. */
  async run(): Promise<boolean> {
    const { reader, tree } = this.context;
    const edge = new Map<number, Uint8Array | undefined>();
    const addresses = [...partialTiles(tree.size)];
    for (const address of addresses) edge.set(address.level, await reader.tile(address));
    const isAuthentic = this.isRoot((level) => edge.get(level));
    const derived = new Map<number, Uint8Array>();
    // The highest level lies furthest to the left.
    for (const address of addresses.reverse()) {
      const below = await this.visit({ address, stored: edge.get(address.level), isAuthentic });
      derived.set(address.level, below.derived);
    }
    return isAuthentic || this.isRoot((level) => derived.get(level));
  }

  private visit(tile: VisitedTile): Promise<BelowTile> {
    return tile.address.level === 0 ? this.context.leaves(tile) : this.children(tile);
  }

  private async children(tile: VisitedTile): Promise<BelowTile> {
    const { level, n, width } = tile.address;
    const derived = new Uint8Array(width * HASH_BYTES);
    let [hasContradiction, hasHoles] = [false, false];
    for (let at = 0; at < width; at++) {
      const address = { level: level - 1, n: n * TILE_WIDTH + at, width: TILE_WIDTH };
      const hash = tile.stored?.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
      const child = await this.child(address, hash, tile);
      hasContradiction ||= child.contradicts;
      hasHoles ||= child.hasHoles;
      derived.set(child.root, at * HASH_BYTES);
    }
    return { derived, hasContradiction, hasHoles };
  }

  private async child(
    address: HashTileAddress,
    hash: Uint8Array | undefined,
    parent: VisitedTile,
  ): Promise<{ readonly root: Uint8Array; readonly contradicts: boolean; readonly hasHoles: boolean }> {
    const { reader, findings, pass } = this.context;
    if (address.level === 0 && hash !== undefined && (await pass(address.n, hash))) {
      return { root: hash, contradicts: false, hasHoles: false };
    }
    const stored = await reader.tile(address);
    const own = stored && tileRoot(stored);
    const contradicts = own !== undefined && hash !== undefined && !equalBytes(own, hash);
    if (contradicts && !parent.isAuthentic) {
      const index = firstIndex(parent.address.level, address.n);
      const message = 'a hash of the tile is neither what is above it nor what is below it commits to';
      findings.add('TILE_MISMATCH', { path: placeOf(parent.address).path, index, message });
    }
    const isAuthentic = !(contradicts && parent.isAuthentic);
    const expected = parent.isAuthentic ? hash : undefined;
    const below = await this.visit({ address, stored, isAuthentic, expected, root: own });
    const root = own ?? tileRoot(below.derived);
    const hasHoles = own === undefined && below.hasHoles === true;
    const isWrong = !hasHoles && expected !== undefined && !equalBytes(root, expected);
    if (isWrong && !below.hasContradiction) {
      const message = 'the tile, and all that is below it, are not what its parent commits to';
      findings.add('TILE_MISMATCH', { ...placeOf(address), message });
    }
    return { root, contradicts, hasHoles };
  }

  private isRoot(read: (level: number) => Uint8Array | undefined): boolean {
    const { size, root } = this.context.tree;
    const found = rootFromTiles(size, read);
    return found !== undefined && equalBytes(found, root);
  }
}

export function tileRoot(tile: Uint8Array): Uint8Array {
  return treeRoot(parseHashTile(tile, tile.length / HASH_BYTES) ?? []);
}
