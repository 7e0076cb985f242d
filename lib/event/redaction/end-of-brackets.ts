const TOKEN = /\\*["']|[[\]{}]/g;
const WORD = /\w/;

/**
 * Where the list or object ends that begins at a place of a text: with its last bracket, or with the text if it is not
 * closed. Brackets inside of quoted texts do not count, also where the JSON is itself a text inside of JSON.
 */
export function endOfBrackets(text: string, start: number): number {
  let depth = 0;
  let quote: string | undefined;
  TOKEN.lastIndex = start;
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const [token] = found;
    const isQuote = token.endsWith('"') || token.endsWith("'");
    if (quote !== undefined) {
      if (isQuote && closes(token, quote)) quote = undefined;
    } else if (isQuote) {
      if (!isApostrophe(text, found.index, token)) quote = token;
    } else {
      depth += token === '[' || token === '{' ? 1 : -1;
      if (depth === 0) return TOKEN.lastIndex;
    }
  }
  return text.length;
}

/** What opens with `"` closes with `"`, `\\"` …, and what opens with `\"` with `\"`, `\\\\\"` …: others are escaped. */
function closes(token: string, quote: string): boolean {
  if (token.at(-1) !== quote.at(-1)) return false;
  const more = token.length - quote.length;
  return more <= 0 || more % (2 * quote.length) === 0;
}

function isApostrophe(text: string, at: number, token: string): boolean {
  return token === "'" && WORD.test(text.charAt(at - 1));
}
