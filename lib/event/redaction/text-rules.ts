import { cutText } from '../cut-text.js';
import type { RedactionOptions } from '../redaction.options.js';
import { redactCardNumbers } from './card-numbers.js';
import { isPath } from './path-patterns.js';
import { redactElements } from './secret-elements.js';
import { pairNames, redactPairs } from './secret-pairs.js';
import { REDACTED } from './redacted.js';

/** Takes secrets out of a text. */
export type RedactText = (text: string) => string;

const MIN_SECRET_CHARS = 5;
/** One look that tells most texts from those worth the rules below; without the flag i, which doubles its cost. */
const SUSPICIOUS =
  /[:=]|<\\?\/|%3[ADad]|[Ee][Aa][Rr][Ee][Rr]|[Aa][Ss][Ii][Cc]|eyJ|-----BEGIN|[A-Za-z]_|AKIA|ASIA|AIza|xox|glpat|sk-|SG\.|ya29|(?:\d(?:[ +\t\u00A0\u2009\u202F\u2010-\u2015-]|%20|%2[Dd]|%[Cc]2%[Aa]0)?){13}/;

/** A name follows, not a credential: «Bearer token missing», «Basic auth failed». */
const NO_CREDENTIAL = String.raw`(?!(?:auth\w{0,16}|tokens?|bearer|basic|credentials?|scheme|realm|header|keys?|is|was|not|or|and|required|missing|invalid|error)[.,]?(?:[\s"')\]:;!?]|$))`;
const AUTHORIZATION = new RegExp(
  String.raw`\b(bearer|basic)((?:\s|%20|\+){1,8})${NO_CREDENTIAL}((?:(?!%26|%22)[\w.~+/=%-])+)`,
  'gi',
);
/** Base64 of `user:password`, as opposed to the word after «basic». */
const OPAQUE = /[\d=+/]|[a-z][A-Z]/;

const PEM_KEY = /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[^]*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/g;
/** A port may follow the colon as well: `http://host:8080/@scope`. */
const URL_PASSWORD =
  /(:\/\/[^\s/?#:@"'<>]{0,256}:)(?!\d{0,5}[/?#\s])(?:[^\s/?#"'<>]{1,256}|[^\s"'<>@]{1,256})@(?=[\w.[-])/g;
/** The same in a URL inside of a URL: `?next=https%3A%2F%2Fuser%3Apassword%40host`. */
const ENCODED_URL_PASSWORD =
  /(%3a%2f%2f(?:(?!%2f|%3a|%40)[^\s/?#&"'<>]){0,256}%3a)(?:(?!%2f|%40)[^\s/?#&"'<>]){1,256}%40(?=[\w.[%-])/gi;
const JWT = /(?<![\w-])((?<=%)[\da-fA-F]{2})?eyJ[\w-]{4,}(?:\.[\w-]+){1,4}/g;
/** Keys that say by their beginning what they are. */
const KNOWN_KEY = new RegExp(
  String.raw`(?<![A-Za-z\d])((?<=%)[\da-fA-F]{2})?(?:` +
    String.raw`(?:iml_[a-z]{2,8}_|[srp]k_(?:live|test)_|whsec_|gh[pousr]_|github_pat_|glpat-|npm_|hf_|shpat_|dop_v1_|xox[a-z]-)[\w-]{8,}|` +
    String.raw`sk-[\w-]{20,}|AIza[\w-]{30,}|ya29\.[\w-]{16,}|SG\.[\w-]{16,}\.[\w-]{16,}|(?:AKIA|ASIA)[A-Z\d]{16}(?![A-Z\d]))`,
  'g',
);

/** Text rules of the built-in list, and pairs whose name is denied. */
export function compileText(
  { builtIn, denylist }: Readonly<RedactionOptions>,
  isDenied: (name: string) => boolean,
): RedactText {
  const names = pairNames(denylist.filter((entry) => !isPath(entry)));
  const pairs: RedactText = (text) => redactPairs(redactElements(text, isDenied), isDenied, names);
  if (!builtIn) return pairs;
  return (text) => {
    if (text.length < MIN_SECRET_CHARS || !SUSPICIOUS.test(text)) return text;
    return redactCardNumbers(pairs(redactKnownForms(text)));
  };
}

function redactKnownForms(text: string): string {
  let result = text.includes('-----BEGIN') ? text.replace(PEM_KEY, REDACTED) : text;
  result = result.replace(AUTHORIZATION, redactCredential);
  if (result.includes('://')) result = result.replace(URL_PASSWORD, `$1${REDACTED}@`);
  if (result.includes('%40')) result = result.replace(ENCODED_URL_PASSWORD, `$1${REDACTED}%40`);
  if (result.includes('eyJ')) result = result.replace(JWT, `$1${REDACTED}`);
  return result.replace(KNOWN_KEY, `$1${REDACTED}`);
}

function redactCredential(match: string, scheme: string, space: string, credential: string): string {
  if (scheme.toLowerCase() === 'basic' && !OPAQUE.test(credential)) return match;
  return scheme + space + REDACTED;
}

const SEARCHED_CHARS = 16_384;
/** No secret whose beginning alone is not recognised is longer: what the cut may have left of one goes too. */
const MAX_FRAGMENT_CHARS = 64;

/** The redacted beginning of a text of any length, at most `maxJsonBytes` long as JSON. */
export function excerpt(text: string, maxJsonBytes: number, redact: RedactText): string {
  if (text.length <= SEARCHED_CHARS) return cutText(redact(text), maxJsonBytes);
  return cutText(redact(text.slice(0, SEARCHED_CHARS)).slice(0, -MAX_FRAGMENT_CHARS), maxJsonBytes);
}
