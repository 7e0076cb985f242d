const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const DIGITS: readonly string[] = Array.from(ALPHABET);
/** Two digits, the value of 12 bits. */
const PAIRS: readonly string[] = DIGITS.flatMap((first) => DIGITS.map((second) => first + second));

// By character code; what is no digit counts so much that no group with it is a number of 24 bits.
const NO_DIGIT = 2 ** 24;
const VALUES: readonly number[] = Array.from({ length: 128 }, (_, code) => {
  const value = ALPHABET.indexOf(String.fromCharCode(code));
  return value === -1 ? NO_DIGIT : value;
});

/** Standard base64 with padding, RFC 4648, section 4. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  const whole = bytes.length - (bytes.length % 3);
  for (let at = 0; at < whole; at += 3) {
    const middle = bytes[at + 1] ?? 0;
    text += PAIRS[(bytes[at] ?? 0) * 16 + Math.floor(middle / 16)] ?? '';
    text += PAIRS[(middle % 16) * 0x100 + (bytes[at + 2] ?? 0)] ?? '';
  }
  return whole === bytes.length ? text : text + lastGroup(bytes[whole] ?? 0, bytes[whole + 1]);
}

/** One or two bytes: the bits that are missing are zeros, and the digits that have none `=`. */
function lastGroup(first: number, second: number | undefined): string {
  const start = PAIRS[first * 16 + Math.floor((second ?? 0) / 16)] ?? '';
  return second === undefined ? `${start}==` : `${start}${DIGITS[(second % 16) * 4] ?? ''}=`;
}

/**
 * The bytes of a canonical base64 text, or `undefined`. Only the text that `encodeBase64` would write is accepted: no
 * white space, no other alphabet, no missing padding, no bits set behind the last byte (RFC 4648, section 3.5).
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const padded = new Uint8Array((text.length / 4) * 3);
  for (let at = 0, byte = 0; at < text.length; at += 4, byte += 3) {
    let group = 0;
    for (let place = at; place < at + 4; place++) {
      group = group * 64 + (place < digits ? (VALUES[text.charCodeAt(place)] ?? NO_DIGIT) : 0);
    }
    if (group >= NO_DIGIT) return undefined;
    padded[byte] = Math.floor(group / 0x10000);
    padded[byte + 1] = Math.floor(group / 0x100) % 0x100;
    padded[byte + 2] = group % 0x100;
  }
  const isCanonical = padded.subarray(padded.length - padding).every((byte) => byte === 0);
  return isCanonical ? padded.subarray(0, padded.length - padding) : undefined;
}
