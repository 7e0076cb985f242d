import type { EventLeaf } from '../leaf/leaf.js';
import { MAX_ENTRY_BYTES } from '../merkle/entry-bundle.js';

const COMMITMENT = '"([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)"';
const COUNT = '(0|[1-9][0-9]{0,14})';
/** Text without escapes. */
const TEXT = '"([\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]+)"';
const EVENT = new RegExp(
  `^\\{"meta":${COMMITMENT},"payload":${COMMITMENT},(?:"seq":${COUNT},)?"source":${TEXT},` +
    `(?:"stream":${TEXT},)?"time":${COUNT},"type":"event","v":1\\}$`,
);

/**
 * What `parseLeaf` answers, in a tenth of the time, for the form that nearly all entries have: events whose texts are of
 * ASCII and need no escapes. `undefined` for all others, also where `parseLeaf` knows them.
 */
export function quickLeaf(entry: Uint8Array): EventLeaf | undefined {
  if (entry.length > MAX_ENTRY_BYTES) return undefined;
  const bytes = Buffer.isBuffer(entry) ? entry : Buffer.from(entry.buffer, entry.byteOffset, entry.length);
  // What is no ASCII becomes characters that do not match.
  const found = EVENT.exec(bytes.toString('latin1'));
  if (found === null) return undefined;
  const [, meta = '', payload = '', seq, source = '', stream, time] = found;
  if ((seq === undefined) !== (stream === undefined)) return undefined;
  const leaf = { meta, payload, source, time: Number(time), type: 'event' } as const;
  return stream === undefined ? leaf : { ...leaf, stream, seq: Number(seq) };
}
