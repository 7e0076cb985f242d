const WORD = /[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+/g;
const SEPARATORS = /[^\p{L}\p{N}]+/gu;

/** Words of a camelCase, snake_case or kebab-case name in lower case: `X-APIKey2` is x, api, key, 2. */
export function wordsOf(name: string): string[] {
  return (name.normalize('NFKC').match(WORD) ?? []).map((word) => word.toLowerCase());
}

/** A name without case and separators, whichever way its letters are composed: `X-Api-Key` and `xApiKey` are one name. */
export function normalName(name: string): string {
  const lower = name.normalize('NFKC').toLowerCase();
  return lower.replace(SEPARATORS, '') || lower;
}
