/** How bad it is: proof of tampering, something that has to be looked at, or merely good to know. */
export type Severity = 'tampering' | 'suspicious' | 'info';

/**
 * What verification can find. Where the parts of the ledger contradict each other, or a signature, it is tampering, or
 * damage that looks the same; what is missing or odd without contradicting anything is suspicious.
 */
export const SEVERITIES = {
  /** The payload or meta of an event is not the one that its entry commits to. */
  CONTENT_ALTERED: 'tampering',
  /** An entry is not the one whose hash stands in the tree. */
  ENTRY_MISMATCH: 'tampering',
  /** A tile of hashes contradicts what lies above and below it, or is missing where everything has to be. */
  TILE_MISMATCH: 'tampering',
  /** Entries and tiles agree, but not with the signed root: history was rewritten by somebody without the key. */
  ROOT_MISMATCH: 'tampering',
  CHECKPOINT_SIGNATURE_INVALID: 'tampering',
  /** A signed checkpoint covers entries that the database does not have. */
  ENTRIES_MISSING: 'tampering',
  /** Somebody has seen a larger tree: this is an older copy. */
  ROLLBACK: 'tampering',
  /** Two signed checkpoints of which neither continues the other. Both are in the evidence. */
  FORK: 'tampering',
  /** An entry claims to be older than the one before it. */
  TIME_REGRESSION: 'tampering',
  /** An event that was acknowledged is not in the tree, or not at its place. */
  RECEIPT_NOT_INCLUDED: 'tampering',
  /** The database's own record of its size, root, key or checkpoints contradicts the tree. */
  HEAD_MISMATCH: 'tampering',
  /** Content is gone, and no entry announces its erasure. */
  CONTENT_MISSING: 'suspicious',
  /** Content is there although an entry says that it was erased. */
  ERASURE_INCOMPLETE: 'suspicious',
  CONTENT_ERASED: 'info',
  /** Events of a process never arrived. */
  STREAM_GAP: 'suspicious',
  /** The same place in a stream twice. */
  STREAM_REPEATED: 'suspicious',
  STREAM_UNCLOSED: 'info',
  DUPLICATE_LEAF: 'suspicious',
  /** An entry that the log signed is not of this ledger's format. */
  LEAF_MALFORMED: 'suspicious',
  /** The first entry does not name this log and its key. */
  GENESIS_MISMATCH: 'suspicious',
  /** Something is withheld, or cannot be read. */
  UNAVAILABLE: 'suspicious',
  QUORUM_NOT_MET: 'suspicious',
  /** A remembered checkpoint that is not one of this log, or that no trusted key signed: it cannot be compared. */
  REMEMBERED_INVALID: 'suspicious',
  /** A receipt that proves nothing. */
  RECEIPT_INVALID: 'suspicious',
  /** Search results or the memory of idempotency keys do not follow from the events. */
  INDEX_MISMATCH: 'suspicious',
  /** Tables or the triggers on them are not those of a ledger. */
  SCHEMA_ALTERED: 'suspicious',
  /** SQLite finds the file malformed. */
  DATABASE_DAMAGED: 'suspicious',
  /** Entries that no saved checkpoint covers yet. */
  UNSIGNED_ENTRIES: 'info',
} as const satisfies Readonly<Record<string, Severity>>;

export type FindingCode = keyof typeof SEVERITIES;

/** One thing that verification found. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** The entry that it is about, or the first one. */
  readonly index?: number;
  /** The last one, where it is about several in a row. */
  readonly lastIndex?: number;
  readonly txId?: string;
  /** The tile, bundle, file or row that it is about. */
  readonly path?: string;
  readonly message: string;
  /** Signed notes that prove it. Keep them. */
  readonly evidence?: readonly string[];
}
