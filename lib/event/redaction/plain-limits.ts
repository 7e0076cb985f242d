/** How much of a value is read before the rest is left out. */
export interface PlainLimits {
  readonly depth: number;
  /** Values in all. */
  readonly nodes: number;
  /** Members of one object, items of one array. */
  readonly members: number;
  /** A longer text becomes `{ bytes, sha256 }`. */
  readonly textChars: number;
  /** Characters searched for secrets in all. */
  readonly searchedChars: number;
  /** Characters and bytes hashed for stubs in all: one text of 10 MB may be there a thousand times. */
  readonly hashed: number;
}

/** Headers, query and data: more would not fit a payload. */
export const SECTION_LIMITS: PlainLimits = {
  depth: 32,
  nodes: 2_000,
  members: 500,
  textChars: 4_096,
  searchedChars: 131_072,
  hashed: 16_777_216,
};

/** Bodies: they are hashed as well, and a hash of a part would be none. */
export const BODY_LIMITS: PlainLimits = {
  depth: 64,
  nodes: 20_000,
  members: 20_000,
  textChars: 131_072,
  searchedChars: 524_288,
  hashed: 16_777_216,
};
