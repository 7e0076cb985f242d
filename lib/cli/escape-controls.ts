// Whatever moves the cursor, colours, hides or reorders text; but for what joins letters in some scripts and in emoji.
const CONTROLS = /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u{E0000}-\u{E007F}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with everything that a terminal would act upon made visible. What an audit records can be hostile. */
export function escapeControls(text: string): string {
  return text.replaceAll(CONTROLS, (char) => SHORT[char] ?? unicodeEscape(char));
}

/** JSON of a value on one line, with the same characters escaped in JSON's own way: it says the same. */
export function safeJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, undefined, indent);
  // The line breaks of the indentation are ours: those of the values are escaped already.
  return json.replaceAll(CONTROLS, (char) => (char === '\n' ? char : jsonEscape(char)));
}

function unicodeEscape(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
}

function jsonEscape(char: string): string {
  return char
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
