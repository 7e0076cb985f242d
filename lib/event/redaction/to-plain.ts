import { stubOf } from '../content-stub.js';
import type { JsonValue } from '../json-value.js';
import { isCardNumber } from './card-numbers.js';
import { bytesOf, ordinaryValue } from './ordinary-value.js';
import type { PlainLimits } from './plain-limits.js';
import { REDACTED } from './redacted.js';
import type { RedactionRules } from './redaction-rules.js';
import type { Scope } from './scope.js';

/** A value as plain JSON data, redacted. */
export interface Plain {
  /** `undefined` where JSON has nothing to say: undefined, functions, symbols. */
  readonly value: JsonValue | undefined;
  /** Something was redacted. */
  readonly redacted: boolean;
  /** Something was left out because of the limits. */
  readonly cut: boolean;
}

/** More bits take quadratic time to print. */
const MAX_BIGINT = 2n ** 1_024n;
const MIN_CARD_NUMBER = 1e12;

/**
 * Turns any value into plain data and redacts it on the way. Never throws and never changes the value; calls nothing
 * of it but getters of own members and `toJSON`, so that a lazy query is not started.
 */
export function toPlain(value: unknown, rules: RedactionRules, limits: PlainLimits): Plain {
  const walk = new Walk(rules, limits);
  const plain = walk.visit(value, rules.top);
  return { value: plain, redacted: walk.redacted, cut: walk.cut };
}

class Walk {
  redacted = false;
  cut = false;
  private nodes = 0;
  private searched = 0;
  private hashed = 0;
  private readonly ancestors: object[] = [];

  constructor(
    private readonly rules: RedactionRules,
    private readonly limits: PlainLimits,
  ) {}

  visit(value: unknown, scope: Scope): JsonValue | undefined {
    this.nodes += 1;
    if (typeof value === 'object' && value !== null) return this.object(value, scope);
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return undefined;
    return scope.kept ? this.scalar(value as JsonScalar) : this.redact();
  }

  private scalar(value: JsonScalar): JsonValue {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return this.number(value);
      case 'bigint':
        return value < MAX_BIGINT && value > -MAX_BIGINT ? this.text(String(value)) : '[bigint]';
      default:
        return value;
    }
  }

  private number(value: number): JsonValue {
    if (!Number.isFinite(value)) return String(value);
    const isCard = value >= MIN_CARD_NUMBER && Number.isSafeInteger(value) && isCardNumber(String(value));
    // With `builtIn: false` nothing but the user's names is redacted; the text rules know.
    return isCard && this.rules.redact(String(value)) === REDACTED ? this.redact() : value;
  }

  private text(value: string): JsonValue {
    const formed = value.toWellFormed();
    if (this.searched + formed.length > this.limits.searchedChars) return this.unsearched(formed);
    this.searched += formed.length;
    const clean = this.rules.redact(formed);
    if (clean !== formed) this.redacted = true;
    return formed.length <= this.limits.textChars ? clean : this.stub(clean);
  }

  /** A short text is no stub: who knows what it may be could find it by its hash. */
  private unsearched(text: string): JsonValue {
    if (text.length > this.limits.textChars) return this.stub(text);
    this.cut = true;
    return `[${text.length} characters]`;
  }

  private stub(content: string | Uint8Array): JsonValue {
    const isText = typeof content === 'string';
    if (isText) this.cut = true;
    if (this.hashed + content.length <= this.limits.hashed) {
      this.hashed += content.length;
      return stubOf(content);
    }
    this.cut = true;
    return `[${content.length} ${isText ? 'characters' : 'bytes'}]`;
  }

  private object(value: object, scope: Scope): JsonValue | undefined {
    if (this.ancestors.includes(value)) return '[circular]';
    if (this.ancestors.length >= this.limits.depth) {
      this.cut = true;
      return '[too deep]';
    }
    this.ancestors.push(value);
    try {
      return this.container(value, scope);
    } catch {
      return '[unreadable]';
    } finally {
      this.ancestors.pop();
    }
  }

  private container(value: object, scope: Scope): JsonValue | undefined {
    if (Array.isArray(value)) return this.array(value, scope);
    const bytes = bytesOf(value);
    if (bytes !== undefined) return scope.kept ? this.stub(bytes) : this.redact();
    const ordinary = ordinaryValue(value, this.limits.members);
    return ordinary === value ? this.members(value as Record<string, unknown>, scope) : this.visit(ordinary, scope);
  }

  private array(items: readonly unknown[], scope: Scope): JsonValue {
    const { length } = items;
    const plain: JsonValue[] = [];
    for (let index = 0; index < length; index += 1) {
      if (this.isFull(index)) return [...plain, `[${length - index} more]`];
      const inner = scope.item(index);
      plain.push(inner === undefined ? this.redact() : (this.visit(read(items, index), inner) ?? null));
    }
    return plain;
  }

  private members(object: Readonly<Record<string, unknown>>, scope: Scope): JsonValue {
    const names = Object.keys(object);
    const plain: Record<string, JsonValue> = {};
    let index = 0;
    for (const name of names) {
      if (this.isFull(index)) {
        plain['[more]'] = names.length - index;
        break;
      }
      index += 1;
      const decision = this.rules.decide(name);
      const inner = scope.member(decision);
      // A denied member is not even read.
      const member = inner === undefined ? this.redact() : this.visit(read(object, name), inner);
      if (member !== undefined) put(plain, decision.label, member);
    }
    return plain;
  }

  private isFull(index: number): boolean {
    const full = index >= this.limits.members || this.nodes >= this.limits.nodes;
    if (full) this.cut = true;
    return full;
  }

  private redact(): typeof REDACTED {
    this.redacted = true;
    return REDACTED;
  }
}

type JsonScalar = string | number | bigint | boolean | null;

function read(from: object, name: string | number): unknown {
  try {
    return (from as Readonly<Record<string | number, unknown>>)[name];
  } catch {
    return '[unreadable]';
  }
}

/** Assigning to `__proto__` would set the prototype instead of a member. */
function put(object: Record<string, JsonValue>, name: string, value: JsonValue): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true });
  else object[name] = value;
}
