/** What a byte can be in an event's leaf. */
const BASE64 = 1;
/** A digit of base64 behind which no bits are left over in the last group of 32 bytes. */
const LAST_BASE64 = 2;
/** A character of a text that needs no escape. */
const TEXT = 4;

const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  const kinds = [
    [BASE64, /[A-Za-z0-9+/]/],
    [LAST_BASE64, /[AEIMQUYcgkosw048]/],
    [TEXT, /[\x20\x21\x23-\x5b\x5d-\x7e]/],
  ] as const;
  return kinds.reduce((sum, [kind, chars]) => (chars.test(char) ? sum + kind : sum), 0);
});

const [HEAD, PAYLOAD, SOURCE, SEQ, STREAM, TIME, TAIL] = [
  '{"meta":"',
  '","payload":"',
  '"source":"',
  '"seq":',
  ',"stream":"',
  ',"time":',
  ',"type":"event","v":1}',
].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];

const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const EQUALS = 0x3d;
/** Fewer than the largest safe integer has. */
const MAX_DIGITS = 15;
const BASE64_DIGITS = 43;

/**
 * Reads, byte by byte and without making an object, the form that nearly all leaves have: events whose texts are of ASCII
 * and need no escapes. What it takes is exactly what `parseLeaf` takes in that form; what it does not take may be a leaf
 * all the same. What it has read stands in its fields until the next one.
 */
export class EventReader {
  source = '';
  stream: string | undefined;
  seq = 0;
  time = 0;

  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private number = 0;
  // Neighbours mostly come from the same source, and to compare costs less than to decode.
  private readonly sources = new KnownText();
  private readonly streams = new KnownText();

  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.bytes = bytes;
    this.at = start;
    if (!this.skip(HEAD) || !this.commitment() || !this.skip(PAYLOAD) || !this.commitment()) return false;
    if (bytes[this.at] !== QUOTE || bytes[this.at + 1] !== COMMA) return false;
    this.at += 2;
    const hasPlace = this.skip(SEQ);
    if (hasPlace && !(this.count() && bytes[this.at++] === COMMA)) return false;
    this.seq = hasPlace ? this.number : 0;
    if (!this.skip(SOURCE) || !this.text(this.sources)) return false;
    this.source = this.sources.text;
    this.stream = undefined;
    if (hasPlace) {
      if (!this.skip(STREAM) || !this.text(this.streams)) return false;
      this.stream = this.streams.text;
    }
    if (!this.skip(TIME) || !this.count()) return false;
    this.time = this.number;
    return this.skip(TAIL) && this.at === end;
  }

  /** What stands next has to be this. */
  private skip(expected: Uint8Array): boolean {
    const { bytes, at } = this;
    for (let place = 0; place < expected.length; place++) {
      if (bytes[at + place] !== expected[place]) return false;
    }
    this.at = at + expected.length;
    return true;
  }

  /** 32 bytes in base64. */
  private commitment(): boolean {
    const { bytes } = this;
    const last = this.at + BASE64_DIGITS - 1;
    let kinds = BASE64;
    for (let at = this.at; at < last; at++) kinds &= KINDS[bytes[at] ?? 0] ?? 0;
    if (kinds === 0 || ((KINDS[bytes[last] ?? 0] ?? 0) & LAST_BASE64) === 0) return false;
    this.at = last + 2;
    return bytes[last + 1] === EQUALS;
  }

  private count(): boolean {
    const { bytes, at: start } = this;
    let number = 0;
    let at = start;
    for (let byte; (byte = bytes[at]) !== undefined && byte >= ZERO && byte <= NINE; at++) {
      number = number * 10 + byte - ZERO;
    }
    const digits = at - start;
    this.at = at;
    this.number = number;
    return digits === 1 || (digits > 1 && digits <= MAX_DIGITS && bytes[start] !== ZERO);
  }

  /** A text up to its quote. */
  private text(known: KnownText): boolean {
    const end = known.endIn(this.bytes, this.at);
    if (end === -1) return false;
    this.at = end + 1;
    return true;
  }
}

/** Remembers a text and its bytes. */
class KnownText {
  text = '';
  private bytes = new Uint8Array(0);

  /** Where the text that begins at `start` has its quote; -1 if there is none that needs no escapes. */
  endIn(bytes: Uint8Array, start: number): number {
    const { bytes: known } = this;
    let at = 0;
    while (at < known.length && bytes[start + at] === known[at]) at++;
    if (at === known.length && at > 0 && bytes[start + at] === QUOTE) return start + at;
    let end = start;
    while (((KINDS[bytes[end] ?? 0] ?? 0) & TEXT) !== 0) end++;
    if (end === start || bytes[end] !== QUOTE) return -1;
    this.bytes = bytes.slice(start, end);
    this.text = String.fromCharCode(...this.bytes);
    return end;
  }
}
