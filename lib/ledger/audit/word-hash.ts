/** FNV-1a in 32 bits, so that a sum over the words of an event is exact. Who does not know the seed cannot foresee it. */
export function wordHash(word: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

export function sumOfWords(words: readonly string[], seed: number): number {
  let sum = 0;
  for (const word of words) sum += wordHash(word, seed);
  return sum;
}
