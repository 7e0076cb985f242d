import type { BodyPolicy } from './body-policy.js';
import { canonicalJson } from './canonical-json.js';
import type { BodyFacts } from './event-facts.js';
import type { JsonValue } from './json-value.js';
import { bytesOf } from './redaction/ordinary-value.js';
import { BODY_LIMITS } from './redaction/plain-limits.js';
import type { RedactionRules } from './redaction/redaction-rules.js';
import { toPlain } from './redaction/to-plain.js';
import type { Plain } from './redaction/to-plain.js';
import { sha256Hex } from './sha256.js';

/** What is recorded of a body. */
export interface BodyRecord {
  readonly hash?: string | undefined;
  readonly body?: JsonValue | undefined;
}

export interface BodyContext {
  readonly policy: BodyPolicy;
  readonly isError: boolean;
  readonly rules: RedactionRules;
}

/** Walks a body once, for its hash and for its redacted content. */
export function describeBody(facts: BodyFacts | undefined, context: BodyContext): BodyRecord {
  if (facts === undefined || context.policy === 'never') return {};
  const { parsed, raw } = facts;
  if (isEmpty(parsed)) return raw === undefined || raw.length === 0 ? {} : { hash: sha256Hex(raw) };
  const plain = toPlain(parsed, context.rules, BODY_LIMITS);
  const keepsBody = context.policy === 'always' || (context.policy === 'errors' && context.isError);
  return { hash: hashOf(parsed, raw, plain), body: keepsBody ? plain.value : undefined };
}

/**
 * A hash of what was redacted would give it away: a PIN is found by trying all of them. So the hash is of the bytes only
 * if nothing in them was secret, else of the redacted content; and there is none of a body that was too large to be
 * searched to its end.
 */
function hashOf(parsed: unknown, raw: Uint8Array | undefined, { value, redacted, cut }: Plain): string | undefined {
  if (cut || value === undefined) return undefined;
  if (redacted) return sha256Hex(typeof value === 'string' ? value : canonicalJson(value));
  if (raw !== undefined && raw.length > 0) return sha256Hex(raw);
  const bytes = typeof parsed === 'object' && parsed !== null ? bytesOf(parsed) : undefined;
  return sha256Hex(bytes ?? (typeof value === 'string' ? value : canonicalJson(value)));
}

/** Parsers give `{}` or null where there was no body. */
function isEmpty(parsed: unknown): boolean {
  if (parsed === undefined || parsed === null || parsed === '') return true;
  if (typeof parsed !== 'object') return false;
  try {
    const bytes = bytesOf(parsed);
    if (bytes !== undefined) return bytes.length === 0;
    return Object.getPrototypeOf(parsed) === Object.prototype && Object.keys(parsed).length === 0;
  } catch {
    return false;
  }
}
