import { endOfBrackets } from './end-of-brackets.js';
import { percentDecoded } from './percent-decoded.js';
import { REDACTED } from './redacted.js';

// Every quantifier that can fail is bounded and every alternative begins with another character: linear in the text.

/** A name and what separates it from its value: `a=`, `a: `, `"a":`, `\"a\":`, `x[a]=`, `a%3D`. */
const SEPARATOR = String.raw`((?:\\{0,3}["'\]]|%5d|%22){0,3}[ \t]{0,8}(?:=>|:=|[:=]|%3d|%3a)\s{0,8})`;
const NAME = new RegExp(String.raw`(?<![A-Za-z\d])((?<=%)[\da-f]{2})?([a-z_$][\w$-]{0,63})${SEPARATOR}`, 'gi');
/** Names of the user's in any script, percent-encoded too, and anything in quotes; takes longer. */
const LETTER = String.raw`[\p{L}\p{M}\p{N}_$-]|%[89a-f][\da-f]`;
const ANY_NAME = new RegExp(
  String.raw`(?<![\p{L}\p{M}\p{N}])((?<=%)[\da-f]{2})?((?<=["'])[^"'\\\r\n]{1,128}(?=\\{0,3}["'])|(?:${LETTER}){1,128})${SEPARATOR}`,
  'giu',
);
const ORDINARY_NAME = /^[a-z_$][\w$-]{0,63}$/i;

/** What finds the names of pairs, where these are denied besides the built-in ones. */
export function pairNames(denied: readonly string[]): RegExp {
  return denied.every((name) => ORDINARY_NAME.test(name)) ? NAME : ANY_NAME;
}

const DOUBLE_QUOTED = String.raw`"(?:[^"\\]|\\.)*"?`;
const SINGLE_QUOTED = String.raw`'(?:[^'\\]|\\.)*'?`;
/** A JSON text inside a JSON text. */
const ESCAPED_QUOTED = String.raw`\\"(?:[^"\\]|\\\\\\?.|\\[^"\\])*(?:\\")?`;
const SCHEME = String.raw`(?:(?:bearer|basic|digest|token|apikey|hmac)\s{1,8})?`;
/** A quote, comma or semicolon belongs to a bare value when the value goes on behind it. */
const BARE = String.raw`(?:(?!%26|%22)[^\s&,;"'<>]|[,;](?!\s|$|\\{0,3}["']|[\w.-]{1,64}\]?[=:])|["'](?=\w))*`;
const VALUE = new RegExp(`${DOUBLE_QUOTED}|${SINGLE_QUOTED}|${ESCAPED_QUOTED}|${SCHEME}${BARE}`, 'isy');
const OPENING = new RegExp(`${SCHEME}(?=[[{])`, 'iy');
const REST = new RegExp(BARE, 'isy');

/** Header lines: their values have spaces, commas and quotes. */
const LINE_NAME = /authorization|cookie/i;
const LINE_VALUE = /[^\r\n]*/y;
const QUOTE = /^\\?["']/;
const CLOSERS = /[)\]}.,]{0,8}$/;

/** Redacts the values of pairs whose name is denied; `api key: …` counts as the name `api key`. */
export function redactPairs(text: string, isDenied: (name: string) => boolean, names = NAME): string {
  let result = '';
  let copied = 0;
  names.lastIndex = 0;
  for (let found = names.exec(text); found !== null; found = names.exec(text)) {
    const [, escape = '', written = '', separator = ''] = found;
    const name = percentDecoded(written);
    const start = names.lastIndex;
    if (!isDenied(name) && !isDenied(wordBefore(text, found.index + escape.length) + name)) continue;
    const value = valueAt(text, start, LINE_NAME.test(name) && separator.includes(':'));
    if (value !== '') result += text.slice(copied, start) + replacementOf(value);
    if (value !== '') copied = start + value.length;
    names.lastIndex = start + value.length;
  }
  return copied === 0 ? text : result + text.slice(copied);
}

function valueAt(text: string, at: number, wholeLine: boolean): string {
  if (wholeLine && !QUOTE.test(text.slice(at, at + 2))) return matchAt(LINE_VALUE, text, at);
  const end = afterBrackets(text, at);
  return end === at ? matchAt(VALUE, text, at) : text.slice(at, end) + matchAt(REST, text, end);
}

/** The end of a list or object at this place, as JSON and `inspect` write it; the place itself where there is none. */
function afterBrackets(text: string, at: number): number {
  OPENING.lastIndex = at;
  return OPENING.test(text) ? endOfBrackets(text, OPENING.lastIndex) : at;
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** Keeps the quotes of a quoted value and the punctuation behind a bare one, so that the text stays readable. */
function replacementOf(value: string): string {
  const [quote] = QUOTE.exec(value) ?? [];
  if (quote !== undefined)
    return quote + REDACTED + (value.length > quote.length && value.endsWith(quote) ? quote : '');
  const bare = value.slice(afterBrackets(value, 0)).replaceAll(REDACTED, '');
  return REDACTED + (CLOSERS.exec(bare)?.[0] ?? '');
}

/** `api ` before `key`: the word and a space turned into the beginning of one name. */
function wordBefore(text: string, at: number): string {
  if (text[at - 1] !== ' ') return '';
  const word = /[A-Za-z]{2,16}$/.exec(text.slice(Math.max(0, at - 17), at - 1))?.[0];
  return word === undefined ? '' : `${word}_`;
}
