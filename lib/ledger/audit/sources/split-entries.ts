/** What SQLite hands over as text byte by byte: it takes anything for UTF-8 and would repair what is none. */
const PLAIN = /^[\x20-\x7e\n]*$/;

/** Entries that were joined with line feeds; `undefined` if that cannot be undone. */
export function splitEntries(text: string, count: number): Uint8Array[] | undefined {
  if (!PLAIN.test(text)) return undefined;
  const bytes = Buffer.from(text, 'latin1');
  const entries: Uint8Array[] = [];
  for (let start = 0; start <= bytes.length;) {
    const feed = text.indexOf('\n', start);
    const end = feed === -1 ? bytes.length : feed;
    entries.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return entries.length === count ? entries : undefined;
}
