import type { EntryBundle, LedgerSource } from '../../../../lib/ledger/audit/ledger-source.js';
import type { EntryContent } from '../../../../lib/ledger/ledger.types.js';
import { encodeLeaf, formatCheckpoint, leafHash, signNote, TreeGrowth } from '../../../../lib/ledger/verify/index.js';
import type { HashTileAddress, Leaf } from '../../../../lib/ledger/verify/index.js';
import { aLog } from '../keys.fixture.js';

export const ORIGIN = 'ledger.example/audit';
export const LOG = aLog(ORIGIN, 1);

/** The log of these entries, signed, as a source whose parts a test can change. */
export class MemorySource implements LedgerSource {
  readonly name = 'memory';
  readonly isWhole: boolean = false;
  readonly bytes: (Uint8Array | undefined)[];
  readonly tiles = new Map<string, Uint8Array>();
  readonly size: number;
  note: string;
  contents?: (from: number, to: number) => Promise<ReadonlyMap<number, EntryContent>>;

  constructor(entries: readonly Uint8Array[], skey = LOG.skey) {
    const growth = TreeGrowth.empty();
    for (const entry of entries) growth.append(leafHash(entry));
    for (const { level, n, data } of growth.takeGrownTiles()) this.tiles.set(`${level}/${n}`, data);
    this.bytes = [...entries];
    this.size = entries.length;
    this.note = signNote(formatCheckpoint({ origin: ORIGIN, size: this.size, root: growth.root() }), skey);
  }

  /** The log of the genesis and these leaves. */
  static of(leaves: readonly Leaf[]): MemorySource {
    const genesis = { format: 'audit-leaf/1', origin: ORIGIN, vkeys: [LOG.vkey] } as const;
    const first: Leaf = { type: 'genesis', time: 0, source: 'ledger', ...genesis };
    return new MemorySource([first, ...leaves].map(encodeLeaf));
  }

  async checkpoint(): Promise<string | undefined> {
    return this.note;
  }

  async claimedVkey(): Promise<string> {
    return LOG.vkey;
  }

  async tile({ level, n, width }: HashTileAddress): Promise<Uint8Array | undefined> {
    return this.tiles.get(`${level}/${n}`)?.subarray(0, width * 32);
  }

  async entries(n: number, width: number): Promise<EntryBundle> {
    return { entries: Array.from({ length: width }, (_, at) => this.bytes[n * 256 + at]) };
  }

  async close(): Promise<void> {}
}

/** The leaf of some event, told apart by its number. */
export function anEventLeaf(number: number, over: Partial<Extract<Leaf, { type: 'event' }>> = {}): Leaf {
  const commitment = Buffer.alloc(32, number).toString('base64');
  return { type: 'event', time: 1_000 + number, source: 'ak', payload: commitment, meta: commitment, ...over };
}
