import { decodeBase64, encodeBase64 } from '../encoding/base64.js';
import { equalBytes } from '../encoding/bytes.js';
import { parseDecimal } from '../encoding/decimal.js';
import { emptyRoot, isHash } from '../merkle/tree-hash.js';
import { isCount } from '../merkle/tree-index.js';
import { isNoteText } from './note.js';

/** What a log says of its tree. c2sp.org/tlog-checkpoint. */
export interface Checkpoint {
  /** Which log: the name of its key. */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Lines behind the root that other logs may have; ours writes none. */
  readonly extensions: readonly string[];
}

/** The checkpoint in the text of a note, that is, without its signatures. Answers on input of any type. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  if (typeof text !== 'string' || !text.isWellFormed() || !isNoteText(text)) return undefined;
  const lines = text.slice(0, -1).split('\n');
  const [origin, sizeLine, rootLine, ...extensions] = lines;
  if (origin === undefined || sizeLine === undefined || rootLine === undefined || lines.includes('')) return undefined;
  const size = parseDecimal(sizeLine);
  const root = decodeBase64(rootLine);
  if (size === undefined || !isHash(root)) return undefined;
  if (size === 0 && !equalBytes(root, emptyRoot())) return undefined;
  return { origin, size, root, extensions };
}

/** The text that a log signs: three lines. Extension lines are never written, as older witnesses do not sign them. */
export function formatCheckpoint({ origin, size, root }: Omit<Checkpoint, 'extensions'>): string {
  const text = `${origin}\n${size}\n${encodeBase64(root)}\n`;
  const parsed = isCount(size) ? parseCheckpoint(text) : undefined;
  if (parsed?.origin !== origin) throw new TypeError(`no checkpoint can say ${JSON.stringify({ origin, size })}`);
  return text;
}
