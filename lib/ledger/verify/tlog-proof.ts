import { isHash } from '../merkle/tree-hash.js';
import { isCount } from '../merkle/tree-index.js';
import { MAX_PROOF_HASHES } from '../merkle/proof-walk.js';
import { decodeBase64, encodeBase64 } from '../encoding/base64.js';
import { parseDecimal } from '../encoding/decimal.js';
import { readText } from '../encoding/utf8.js';
import { parseCheckpoint } from '../checkpoint/checkpoint.js';
import { parseNote } from '../checkpoint/note.js';

const HEADER = 'c2sp.org/tlog-proof@v1';

/** A proof that an entry is in a log, taken apart. Nothing in it is verified: see `verifyTlogProof`. */
export interface TlogProof {
  readonly index: number;
  /** The inclusion proof, the leaf's sibling first. */
  readonly hashes: readonly Uint8Array[];
  /** The signed checkpoint. */
  readonly checkpoint: string;
  /** What the log added for the holder. No signature covers it. */
  readonly extra?: Uint8Array;
}

/** Takes the content of a `.tlog-proof` file apart. c2sp.org/tlog-proof. Answers on input of any type. */
export function parseTlogProof(file: string | Uint8Array): TlogProof | undefined {
  const text = readText(file);
  const blank = text?.indexOf('\n\n') ?? -1;
  if (text === undefined || blank === -1) return undefined;
  const [header, ...lines] = text.slice(0, blank).split('\n');
  const extraField = fieldOf(lines[0], 'extra');
  const [indexLine, ...hashLines] = extraField === undefined ? lines : lines.slice(1);
  const index = parseDecimal(fieldOf(indexLine, 'index') ?? '');
  if (header !== HEADER || index === undefined || hashLines.length > MAX_PROOF_HASHES) return undefined;
  const hashes = hashLines.map(decodeBase64);
  const checkpoint = text.slice(blank + 2);
  if (!hashes.every(isHash) || !isSignedCheckpoint(checkpoint)) return undefined;
  if (extraField === undefined) return { index, hashes, checkpoint };
  const extra = decodeBase64(extraField);
  return extra === undefined || extra.length === 0 ? undefined : { index, hashes, checkpoint, extra };
}

/** The content of a `.tlog-proof` file. */
export function formatTlogProof({ index, hashes, checkpoint, extra }: TlogProof): string {
  if (!isCount(index) || hashes.length > MAX_PROOF_HASHES || !hashes.every(isHash)) {
    throw new TypeError('a proof is an index and at most 63 hashes');
  }
  if (!isSignedCheckpoint(checkpoint)) throw new TypeError('the checkpoint of a proof is a signed note');
  const extraLines = extra === undefined || extra.length === 0 ? [] : [`extra ${encodeBase64(extra)}`];
  return [HEADER, ...extraLines, `index ${index}`, ...hashes.map(encodeBase64), '', checkpoint].join('\n');
}

function isSignedCheckpoint(note: string): boolean {
  const text = parseNote(note)?.text;
  return text !== undefined && parseCheckpoint(text) !== undefined;
}

function fieldOf(line: string | undefined, name: string): string | undefined {
  return line?.startsWith(`${name} `) ? line.slice(name.length + 1) : undefined;
}
