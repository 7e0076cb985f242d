import { isAscii } from 'node:buffer';
import { contained } from '../../encoding/contained.js';
import { decodeUtf8 } from '../../encoding/utf8.js';
import type { PackedEntries } from '../../merkle/hash-in-bulk.js';
import { TILE_WIDTH } from '../../merkle/tile-path.js';
import { HASH_BYTES } from '../../merkle/tree-hash.js';
import { indexEvent } from '../../store/index-event.js';
import { INDEX_COLUMNS } from '../../store/match-event.js';
import type { EvidenceStatements, PackedContentRow } from '../sources/evidence-statements.js';
import { sumOfWords } from '../word-hash.js';
import type { Beside } from './examined.js';
import type { LeafFacts } from './outline.js';
import { BLOCK_BYTES, commitmentsOf, hmacTexts } from './packed-hmac.js';

/** Where an event's leaf has its commitments: canonical JSON begins with them. */
const META_AT = '{"meta":"'.length;
const COMMITMENT_CHARS = 44;
const PAYLOAD_AT = META_AT + COMMITMENT_CHARS + '","payload":"'.length;

/** Entries of a bundle, and what was read in them. */
export interface ReadBundle {
  readonly first: number;
  readonly packed: PackedEntries;
  readonly facts: LeafFacts;
}

interface SaidEvent {
  readonly index: number;
  readonly time: number;
  readonly source: string;
  readonly payload: string;
  readonly meta: Readonly<Record<string, string>>;
}

/**
 * Examines what lies beside the entries of a bundle in a database: content, the rows by which events are found, and
 * idempotency keys. What it says is what `ContentCheck` and `DerivedCheck` find nothing about.
 */
export class BesideEntries {
  constructor(
    private readonly statements: EvidenceStatements,
    private readonly wordSeed: number,
  ) {}

  /** `undefined` if anything is missing, not as it should be, or has to be looked at closely. */
  examine(bundle: ReadBundle): Beside | undefined {
    const { first, facts } = bundle;
    const { statements } = this;
    const range = [first, first + TILE_WIDTH] as const;
    const places = facts.eventPlaces;
    for (const part of facts.outline.parts) {
      const index = part.kind === 'leaf' ? first + part.at : -1;
      if (index >= 0 && statements.besideOne.get(index, index, index)?.count !== 0) return undefined;
    }
    const wordSums = new Float64Array(TILE_WIDTH);
    if (places.length === 0) return { wordSums };
    const row = statements.packedContents.get(...range);
    const said = row && this.saidBy(row, bundle);
    // Before the rows: the index follows the log, and goes on meanwhile.
    const indexedTo = statements.place.get()?.indexed_to ?? 0;
    if (said === undefined || (indexedTo > first && indexedTo < first + TILE_WIDTH)) return undefined;
    if (indexedTo <= first) for (const at of places) wordSums[at] = NaN;
    else if (!this.areIndexed(said, first, wordSums)) return undefined;
    return this.areKeys(said, range) ? { wordSums } : undefined;
  }

  /** What the events say, if that is what their entries commit to. */
  private saidBy(row: PackedContentRow, { first, packed, facts }: ReadBundle): SaidEvent[] | undefined {
    const [payloads, metas] = [messagesIn(row.payloads, row.payload_lengths), messagesIn(row.metas, row.meta_lengths)];
    const places = facts.eventPlaces;
    if (row.count !== places.length || !payloads || !metas || !row.payload_salts || !row.meta_salts) return undefined;
    const count = places.length;
    const saltBytes = count * HASH_BYTES;
    if (payloads.lengths.length !== count || metas.lengths.length !== count) return undefined;
    if (row.payload_salts.length !== saltBytes || row.meta_salts.length !== saltBytes) return undefined;
    // Read before the keys are written between them.
    const [payloadTexts, metaTexts] = [textsIn(payloads), textsIn(metas)];
    if (payloadTexts === undefined || metaTexts === undefined) return undefined;
    const isSound =
      areCommitted(hmacTexts(payloads, row.payload_salts), { packed, places, offset: PAYLOAD_AT }) &&
      areCommitted(hmacTexts(metas, row.meta_salts), { packed, places, offset: META_AT });
    if (!isSound) return undefined;
    const events: SaidEvent[] = [];
    for (let event = 0; event < count; event++) {
      const meta = textMeta(metaTexts[event] ?? '');
      if (meta === undefined) return undefined;
      const at = places[event] ?? 0;
      events.push({
        index: first + at,
        time: facts.times[at] ?? 0,
        source: facts.sources[at] ?? '',
        payload: payloadTexts[event] ?? '',
        meta,
      });
    }
    return events;
  }

  /** Whether searches find the events by what is in them. */
  private areIndexed(said: readonly SaidEvent[], first: number, wordSums: Float64Array): boolean {
    const expected = said.map((event) => {
      const { words, ...found } = indexEvent(event);
      wordSums[event.index - first] = sumOfWords(words, this.wordSeed);
      return [event.index, event.time, ...INDEX_COLUMNS.map(([name]) => found[name] ?? null)];
    });
    const rows = this.statements.packedIndex.get(first, first + TILE_WIDTH)?.rows;
    return rows === JSON.stringify(expected);
  }

  private areKeys(said: readonly SaidEvent[], range: readonly [number, number]): boolean {
    const found = this.statements.packedIdem.get(...range);
    if (found === undefined) return false;
    const keys = JSON.parse(found.rows) as readonly (readonly [number, string, number])[];
    let next = 0;
    return keys.every(([index, source, time]) => {
      let event: SaidEvent | undefined;
      while ((event = said[next]) !== undefined && event.index < index) next++;
      return event?.index === index && event.source === source && event.time === time;
    });
  }
}

interface Messages {
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
}

function messagesIn(bytes: Uint8Array | null, lengths: string | null): Messages | undefined {
  if (bytes === null || lengths === null) return undefined;
  const each = lengths.split(',').map(Number);
  const total = each.reduce((sum, length) => sum + BLOCK_BYTES + length, 0);
  return total === bytes.length ? { bytes, lengths: each } : undefined;
}

/** `undefined` if one of them is no UTF-8. */
function textsIn({ bytes, lengths }: Messages): string[] | undefined {
  const ascii = isAscii(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) : undefined;
  const texts: string[] = [];
  let start = 0;
  for (const length of lengths) {
    start += BLOCK_BYTES;
    const end = start + length;
    const text = ascii?.toString('latin1', start, end) ?? decodeUtf8(bytes.subarray(start, end));
    if (text === undefined) return undefined;
    texts.push(text);
    start = end;
  }
  return texts;
}

/** Whether these are what the entries commit to, each at this place behind its beginning. */
function areCommitted(
  texts: readonly string[],
  { packed, places, offset }: { packed: PackedEntries; places: readonly number[]; offset: number },
): boolean {
  const { bytes, starts } = packed;
  const expected = commitmentsOf(texts);
  for (let event = 0; event < places.length; event++) {
    const start = (starts[places[event] ?? 0] ?? 0) + offset;
    const from = event * COMMITMENT_CHARS;
    for (let at = 0; at < COMMITMENT_CHARS - 1; at++) if (bytes[start + at] !== expected[from + at]) return false;
  }
  return true;
}

/** Of nothing but texts, as nearly every meta is. */
function textMeta(json: string): Readonly<Record<string, string>> | undefined {
  const meta = contained(() => JSON.parse(json) as unknown, undefined);
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) return undefined;
  for (const value of Object.values(meta)) if (typeof value !== 'string') return undefined;
  return meta as Readonly<Record<string, string>>;
}
