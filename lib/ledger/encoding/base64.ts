const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const DIGITS: readonly string[] = Array.from(ALPHABET);

// By character code; what is no digit counts so much that no group with it is a number of 24 bits.
const NO_DIGIT = 2 ** 24;
const VALUES: readonly number[] = Array.from({ length: 128 }, (_, code) => {
  const value = ALPHABET.indexOf(String.fromCharCode(code));
  return value === -1 ? NO_DIGIT : value;
});

/** Standard base64 with padding, RFC 4648, section 4. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const group = (bytes[at] ?? 0) * 0x10000 + (bytes[at + 1] ?? 0) * 0x100 + (bytes[at + 2] ?? 0);
    text += digit(group / 0x40000) + digit(group / 0x1000);
    text += (at + 1 < bytes.length ? digit(group / 0x40) : '=') + (at + 2 < bytes.length ? digit(group) : '=');
  }
  return text;
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

function digit(value: number): string {
  return DIGITS[Math.floor(value) % 64] ?? '';
}
