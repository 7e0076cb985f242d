const MAX_ENTRIES = 1_000;
/** Most user agents are shorter. */
const MAX_KEY_CHARS = 256;

/**
 * Remembers what a pure function said about a text. Names come from outside and can be endless, so the memory starts
 * anew when it is full, and long names are not kept.
 */
export function boundedMemo<T>(compute: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const computed = compute(text);
    if (text.length > MAX_KEY_CHARS) return computed;
    if (known.size >= MAX_ENTRIES) known.clear();
    known.set(text, computed);
    return computed;
  };
}
