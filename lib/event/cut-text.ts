/** The first `maxChars` UTF-16 units, well-formed, never half a surrogate pair. */
export function cutChars(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text.toWellFormed();
  return text.slice(0, splitsPair(text, maxChars) ? maxChars - 1 : maxChars).toWellFormed();
}

/**
 * The longest beginning of a text that takes at most `maxJsonBytes` UTF-8 bytes between the quotes of a JSON string,
 * well-formed, never half a surrogate pair or half an escape.
 */
export function cutText(text: string, maxJsonBytes: number): string {
  // An escape takes six bytes, the most one UTF-16 unit can need.
  if (text.length * 6 <= maxJsonBytes) return text.toWellFormed();
  const formed = cutChars(text, maxJsonBytes);
  let bytes = 0;
  let end = 0;
  while (end < formed.length) {
    const point = formed.codePointAt(end) ?? 0;
    bytes += jsonBytesOf(point);
    if (bytes > maxJsonBytes) return formed.slice(0, end);
    end += point > 0xffff ? 2 : 1;
  }
  return formed;
}

/** Bytes of one code point inside a JSON string as JSON.stringify writes it. */
function jsonBytesOf(point: number): number {
  if (point < 0x20) return (point >= 0x08 && point <= 0x0a) || point === 0x0c || point === 0x0d ? 2 : 6;
  if (point === 0x22 || point === 0x5c) return 2;
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point > 0xffff ? 4 : 3;
}

function splitsPair(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}
