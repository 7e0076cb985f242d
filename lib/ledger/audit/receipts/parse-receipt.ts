import { parseCheckpoint } from '../../checkpoint/checkpoint.js';
import { parseNote } from '../../checkpoint/note.js';
import { contained } from '../../encoding/contained.js';
import { parseOpening } from '../../leaf/opening.js';
import { parseTxId } from '../../leaf/tx-id.js';
import { leafHash } from '../../merkle/tree-hash.js';
import { isCount } from '../../merkle/tree-index.js';
import { verifyInclusion } from '../../merkle/verify-inclusion.js';
import { encodeUtf8 } from '../../encoding/utf8.js';
import { parseTlogProof } from '../../verify/tlog-proof.js';
import type { TlogProof } from '../../verify/tlog-proof.js';
import type { Receipt, UselessReceipt } from './receipt.js';

type Parsed = Receipt | UselessReceipt;

/**
 * The receipt in a `.tlog-proof` file. Its entry is the one in its opening; where it has none, the one its name is the
 * tx_id of. That its checkpoint is signed by the log is for those to say who know the key.
 */
export function parseProofReceipt(file: string, text: string): Parsed {
  const proof = parseTlogProof(text);
  if (proof === undefined) return { file, problem: 'it is no tlog-proof' };
  const hash = leafHashOf(file, proof);
  if (hash === undefined) return { file, problem: 'it does not say of which entry it is' };
  const { index, hashes, checkpoint } = proof;
  const tree = parseCheckpoint(parseNote(checkpoint)?.text ?? '');
  if (tree === undefined || !verifyInclusion(index, tree.size, hash, hashes, tree.root)) {
    return { file, problem: 'it does not prove that its entry is in the tree of its checkpoint' };
  }
  return { file, leafHash: hash, index, checkpoint };
}

/** The receipts in a file of JSON, or of one JSON value a line: answers of the API, or what `append` resolved with. */
export function parseJsonReceipts(file: string, text: string): Parsed[] {
  const whole = contained<unknown>(() => JSON.parse(text), undefined);
  if (whole !== undefined) return (Array.isArray(whole) ? whole : [whole]).map((value) => toReceipt(file, value));
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    return toReceipt(
      file,
      contained<unknown>(() => JSON.parse(line), undefined),
    );
  });
}

function toReceipt(file: string, value: unknown): Parsed {
  if (typeof value !== 'object' || value === null) return { file, problem: 'it is no JSON object with a tx_id' };
  const members = value as Readonly<Record<string, unknown>>;
  const id = members['tx_id'] ?? members['txId'];
  if (typeof id !== 'string') return { file, problem: 'it has no tx_id' };
  const hash = parseTxId(id);
  if (hash === undefined) return { file, problem: 'its tx_id is not one of this ledger', isForeign: true };
  const index = members['index'];
  return { file, leafHash: hash, ...(isCount(index) ? { index } : {}) };
}

function leafHashOf(file: string, { extra }: TlogProof): Uint8Array | undefined {
  const leaf = extra && parseOpening(extra)?.leaf;
  const bytes = leaf === undefined ? undefined : encodeUtf8(leaf);
  const name = /(tx_[0-9a-f]{64})\.tlog-proof$/.exec(file)?.[1];
  return bytes === undefined ? parseTxId(name ?? '') : leafHash(bytes);
}
