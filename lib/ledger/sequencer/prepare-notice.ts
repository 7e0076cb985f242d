import { InvalidLedgerEventError } from '../ledger-errors.js';
import type { StreamNotice } from '../ledger.types.js';
import { isLeaf } from '../leaf/leaf-rules.js';
import type { StreamLeaf } from '../leaf/leaf.js';
import { MAX_ID_CHARS } from './prepare-event.js';
import type { PreparedEntry } from './prepare-event.js';

/** Checks what is to be said of a stream. Throws `InvalidLedgerEventError`. */
export function prepareNotice({ kind, ...said }: StreamNotice): PreparedEntry {
  const leaf = { ...said, type: `stream-${kind}`, time: 0 } as StreamLeaf;
  const { stream, source } = leaf;
  if (isLeaf(leaf) && stream.length <= MAX_ID_CHARS && source.length <= MAX_ID_CHARS) return { leaf };
  throw new InvalidLedgerEventError(
    'malformed',
    `what it says of a stream has no id, source or count, or one with more than ${MAX_ID_CHARS} characters`,
  );
}
