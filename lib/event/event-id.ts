import { randomFillSync } from 'node:crypto';

const MAX_COUNTER = 0xfff;
const MAX_TIME = 2 ** 48 - 1;
/** A clock that steps back less is waited for; one that steps back more was wrong before and is followed. */
const TOLERATED_STEP_BACK_MS = 10_000;
const RANDOM_BYTES_PER_ID = 10;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
// Random bytes are drawn for many ids at once: one call into the generator costs more than an id.
const pool = new Uint8Array(RANDOM_BYTES_PER_ID * 256);
let used = pool.length;
let lastTime = -1;
let counter = 0;

/**
 * UUIDv7, RFC 9562 section 5.7. Ids of this process increase also within a millisecond: `rand_a` is a counter that
 * starts anywhere in its lower half, so that it has room, and borrows the next millisecond when it is full (section 6.2,
 * method 1).
 */
export function newEventId(now: number = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += RANDOM_BYTES_PER_ID;
  tick(now >= 0 && now <= MAX_TIME ? Math.trunc(now) : Date.now(), at);
  return format(at);
}

function tick(now: number, at: number): void {
  if (now > lastTime || now < lastTime - TOLERATED_STEP_BACK_MS) {
    lastTime = now;
    counter = seed(at);
  } else if (counter < MAX_COUNTER) {
    counter += 1;
  } else {
    lastTime += 1;
    counter = seed(at);
  }
}

function seed(at: number): number {
  return ((byte(at) << 8) | byte(at + 1)) & (MAX_COUNTER >> 1);
}

function format(at: number): string {
  const high = Math.floor(lastTime / 2 ** 32);
  const low = lastTime >>> 0;
  const time = `${hex(high >>> 8)}${hex(high)}${hex(low >>> 24)}${hex(low >>> 16)}-${hex(low >>> 8)}${hex(low)}`;
  const variant = `${hex((byte(at + 2) & 0x3f) | 0x80)}${hex(byte(at + 3))}`;
  const tail = `${hex(byte(at + 4))}${hex(byte(at + 5))}${hex(byte(at + 6))}`;
  return `${time}-${hex(0x70 | (counter >>> 8))}${hex(counter)}-${variant}-${tail}${hex(byte(at + 7))}${hex(byte(at + 8))}${hex(byte(at + 9))}`;
}

function byte(index: number): number {
  return pool[index] ?? 0;
}

function hex(value: number): string {
  return HEX[value & 0xff] ?? '';
}
