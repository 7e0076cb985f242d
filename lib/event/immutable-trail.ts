import { cutChars } from './cut-text.js';

const MAX_TRAIL_CHARS = 256;

/** `meta.immutable_trail`, which groups related events: trimmed, without `:`, bounded; `undefined` when nothing is left. */
export function normaliseTrail(trail: unknown): string | undefined {
  if (typeof trail !== 'string') return undefined;
  // Cut first, so that a header of megabytes costs nothing; a little more than needed, because trimming may shorten it.
  const text = trail.trimStart().slice(0, MAX_TRAIL_CHARS + 1);
  return cutChars(text.replaceAll(':', '-'), MAX_TRAIL_CHARS).trimEnd() || undefined;
}
