import { canonicalJson } from '../../event/canonical-json.js';
import type { JsonValue } from '../../event/json-value.js';
import { contained } from '../encoding/contained.js';
import { encodeUtf8, readText } from '../encoding/utf8.js';
import { MAX_ENTRY_BYTES } from '../merkle/entry-bundle.js';
import { isLeaf } from './leaf-rules.js';
import { LEAF_VERSION } from './leaf.js';
import type { EventLeaf, Leaf } from './leaf.js';

/** The bytes of a leaf: canonical JSON (RFC 8785), so that one leaf has one hash. */
export function encodeLeaf(leaf: Leaf): Uint8Array {
  if (!isLeaf(leaf)) throw new TypeError('a leaf has the members of its type and no others');
  const json =
    leaf.type === 'event'
      ? eventLeafStart(leaf) + eventLeafEnd(leaf.time)
      : canonicalJson({ ...leaf, v: LEAF_VERSION });
  const bytes = encodeUtf8(json) ?? new Uint8Array();
  if (bytes.length > MAX_ENTRY_BYTES) throw new RangeError(`a leaf has at most ${MAX_ENTRY_BYTES} bytes`);
  return bytes;
}

/**
 * The leaf in the bytes of an entry; `undefined` unless they are exactly the canonical form of a leaf of a known type and
 * version. Answers on input of any type.
 */
export function parseLeaf(entry: string | Uint8Array): Leaf | undefined {
  return contained(() => {
    const text = readText(entry);
    // Before anything is parsed: an entry's length is bounded, hostile nesting is not.
    if (text === undefined || (encodeUtf8(text)?.length ?? 0) > MAX_ENTRY_BYTES) return undefined;
    const value = JSON.parse(text) as JsonValue;
    if (canonicalJson(value) !== text) return undefined;
    const { v, ...leaf } = value as Record<string, JsonValue>;
    return v === LEAF_VERSION && isLeaf(leaf) ? leaf : undefined;
  }, undefined);
}

/**
 * What `canonicalJson` makes of an event's leaf, which is nearly every one, up to its time, which is known last. Written
 * out: its members are known, and in their order here, and base64 has nothing to escape.
 */
export function eventLeafStart(leaf: Omit<EventLeaf, 'type' | 'time'>): string {
  const { meta, payload, seq, source, stream } = leaf;
  const start = `{"meta":"${meta}","payload":"${payload}",`;
  if (stream === undefined) return `${start}"source":${canonicalJson(source)},"time":`;
  return `${start}"seq":${String(seq)},"source":${canonicalJson(source)},"stream":${canonicalJson(stream)},"time":`;
}

/** What comes behind `eventLeafStart`. */
export function eventLeafEnd(time: number): string {
  return `${time},"type":"event","v":${LEAF_VERSION}}`;
}
