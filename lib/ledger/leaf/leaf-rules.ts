import { parseVkey } from '../checkpoint/verifier-key.js';
import { parseNote } from '../checkpoint/note.js';
import { isCount } from '../merkle/tree-index.js';
import { LEAF_FORMAT } from './leaf.js';
import type { Leaf } from './leaf.js';

/** Whether a member of a leaf has a value that it can have. */
type Rule = (value: unknown) => boolean;

interface LeafRules {
  readonly required: readonly string[];
  readonly members: ReadonlyMap<string, Rule>;
}

/** What `encodeBase64` writes for 32 bytes, the last digit with two bits behind them that are not set. */
const COMMITMENT = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

const RULES: ReadonlyMap<unknown, LeafRules> = new Map<Leaf['type'], LeafRules>([
  ['event', rules({ payload: isCommitment, meta: isCommitment }, { stream: isText, seq: isCount })],
  ['genesis', rules({ format: isLeafFormat, origin: isText, vkeys: isVkeys }, { previous: isNote })],
  ['erasure', rules({ indexes: isRanges, parts: isParts, reason: isText })],
  ['key', rules({ action: isKeyAction, vkey: isVkey })],
  ['stream-open', rules({ stream: isText })],
  ['stream-heartbeat', rules({ stream: isText, count: isCount })],
  ['stream-close', rules({ stream: isText, count: isCount })],
]);

/** Whether a value of any type has the members of a leaf, no others, and each with a value it can have. */
export function isLeaf(value: unknown): value is Leaf {
  if (typeof value !== 'object' || value === null) return false;
  const leaf = value as Readonly<Record<string, unknown>>;
  const found = RULES.get(leaf['type']);
  if (!found?.required.every((name) => leaf[name] !== undefined)) return false;
  // A number without its stream says nothing, nor a stream without the number.
  if (leaf['type'] === 'event' && (leaf['stream'] === undefined) !== (leaf['seq'] === undefined)) return false;
  return Object.keys(leaf).every((name) => leaf[name] === undefined || found.members.get(name)?.(leaf[name]) === true);
}

function rules(own: Readonly<Record<string, Rule>>, optional: Readonly<Record<string, Rule>> = {}): LeafRules {
  const required = { type: isText, time: isCount, source: isText, ...own };
  return { required: Object.keys(required), members: new Map(Object.entries({ ...required, ...optional })) };
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.isWellFormed();
}

function isCommitment(value: unknown): boolean {
  return typeof value === 'string' && COMMITMENT.test(value);
}

function isVkey(value: unknown): boolean {
  return parseVkey(value as string) !== undefined;
}

function isRanges(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  let next = 0;
  return value.every((range: unknown) => {
    if (!Array.isArray(range) || range.length !== 2 || !range.every(isCount)) return false;
    const [first = 0, last = 0] = range;
    const ascends = next <= first && first <= last;
    next = last + 1;
    return ascends;
  });
}

function isParts(value: unknown): boolean {
  return ['["meta"]', '["meta","payload"]', '["payload"]'].includes(JSON.stringify(value));
}

function isVkeys(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isVkey);
}

function isNote(value: unknown): boolean {
  return typeof value === 'string' && parseNote(value) !== undefined;
}

function isKeyAction(value: unknown): boolean {
  return value === 'added' || value === 'retired';
}

function isLeafFormat(value: unknown): boolean {
  return value === LEAF_FORMAT;
}
