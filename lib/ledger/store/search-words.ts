const MAX_WORDS = 100;
const MAX_WORD_CHARS = 64;
// What has only these needs no Unicode: most texts.
const PLAIN = /^[\x20-\x7e\s]*$/;

/**
 * The different words of some texts: runs of letters and digits, in lower case, without accents. Events and searches are
 * taken apart in the same way.
 */
export function searchWords(texts: readonly string[]): string[] {
  const words = new Set<string>();
  // All at once, as no word goes on from one text into the next.
  for (const word of split(texts.join(' '))) {
    if (words.size === MAX_WORDS) break;
    words.add(word.length <= MAX_WORD_CHARS ? word : word.slice(0, MAX_WORD_CHARS).toWellFormed());
  }
  return [...words];
}

function split(text: string): readonly string[] {
  const plain = PLAIN.test(text);
  const lower = (plain ? text : text.normalize('NFKD').replaceAll(/\p{M}/gu, '')).toLowerCase();
  return lower.match(plain ? /[a-z0-9]+/g : /[\p{L}\p{N}]+/gu) ?? [];
}
