/** What somebody holds who gave an event to the ledger. */
export interface Receipt {
  /** The file it is in. */
  readonly file: string;
  readonly leafHash: Uint8Array;
  /** Where the event stands, if the receipt says so. */
  readonly index?: number;
  /** The signed checkpoint that came with it. */
  readonly checkpoint?: string;
}

/** A file that holds no receipt that anything could be compared with. */
export interface UselessReceipt {
  readonly file: string;
  readonly problem: string;
  /** It is sound, and of another service. */
  readonly isForeign?: boolean;
}

/** What is in a folder of receipts. */
export interface ReceiptsRead {
  readonly receipts: readonly Receipt[];
  readonly useless: readonly UselessReceipt[];
}
