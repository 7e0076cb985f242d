import { parseDecimal } from '../encoding/decimal.js';
import { encodeHex } from '../encoding/hex.js';
import { readText } from '../encoding/utf8.js';
import type { Policy, PolicyGroup, PolicyLog, PolicyWitness } from './policy.js';
import { NO_QUORUM } from './policy.js';
import { KEY_TYPES, parseVkey } from './verifier-key.js';
import type { KeyType, VerifierKey } from './verifier-key.js';

/** A policy, or the first line that is not part of one and what is wrong with it. */
export type PolicyCheck =
  | { readonly kind: 'policy'; readonly policy: Policy }
  | { readonly kind: 'malformed-policy'; readonly line: number; readonly problem: string };

/** The policy of a file in the format of c2sp.org/tlog-policy, or `undefined`. Answers on input of any type. */
export function parsePolicy(text: string | Uint8Array): Policy | undefined {
  const check = checkPolicy(text);
  return check.kind === 'policy' ? check.policy : undefined;
}

/** Like `parsePolicy`, and says what is wrong with a file. */
export function checkPolicy(text: string | Uint8Array): PolicyCheck {
  const source = readText(text);
  if (source === undefined) return { kind: 'malformed-policy', line: 1, problem: 'the file is not UTF-8 text' };
  const draft: Draft = { logs: [], witnesses: [], groups: [], names: new Set(), members: new Set() };
  const lines = source.split('\n');
  for (const [at, line] of lines.entries()) {
    const problem = readLine(draft, line);
    if (problem !== undefined) return { kind: 'malformed-policy', line: at + 1, problem };
  }
  const { logs, witnesses, groups, quorum } = draft;
  if (quorum === undefined) return { kind: 'malformed-policy', line: lines.length, problem: 'there is no quorum line' };
  return { kind: 'policy', policy: { logs, witnesses, groups, quorum } };
}

/** A policy while it is read. The functions below add a definition to it, or say why they do not. */
interface Draft {
  readonly logs: PolicyLog[];
  readonly witnesses: PolicyWitness[];
  readonly groups: PolicyGroup[];
  /** Of witnesses and groups, which share one namespace. */
  readonly names: Set<string>;
  /** Of any group: each may be in one only, or one cosignature would count twice. */
  readonly members: Set<string>;
  quorum?: string;
}

type Problem = string | undefined;

const DEFINITIONS: ReadonlyMap<string, (draft: Draft, fields: readonly string[]) => Problem> = new Map([
  ['log', addLog],
  ['witness', addWitness],
  ['group', addGroup],
  ['quorum', setQuorum],
]);

function readLine(draft: Draft, line: string): Problem {
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(line)) return 'a control character';
  const [keyword, ...fields] = line.split(/[ \t]+/).filter((field) => field !== '');
  if (keyword === undefined || keyword.startsWith('#')) return undefined;
  const define = DEFINITIONS.get(keyword);
  return define === undefined ? `${JSON.stringify(keyword)} is not a keyword` : define(draft, fields);
}

function addLog(draft: Draft, [vkey, url, ...rest]: readonly string[]): Problem {
  const key = keyOf(vkey, [KEY_TYPES.ed25519, KEY_TYPES.mldsaCosignature]);
  if (key === undefined || rest.length > 0) return 'expected: log <vkey> [<url>], with the vkey of a log';
  if (draft.logs.some((log) => isSameKey(log.key, key))) return 'this key has a log line already';
  draft.logs.push({ key, ...(url === undefined ? {} : { url }) });
  return undefined;
}

function addWitness(draft: Draft, [name, vkey, url, ...rest]: readonly string[]): Problem {
  const key = keyOf(vkey, [KEY_TYPES.cosignature, KEY_TYPES.mldsaCosignature]);
  if (name === undefined || key === undefined || rest.length > 0) {
    return 'expected: witness <name> <vkey> [<url>], with the vkey of a cosigner';
  }
  if (draft.witnesses.some((witness) => isSameKey(witness.key, key))) return 'this key has a witness line already';
  draft.witnesses.push({ name, key, ...(url === undefined ? {} : { url }) });
  return takeName(draft, name);
}

function addGroup(draft: Draft, [name, count, ...members]: readonly string[]): Problem {
  if (name === undefined || count === undefined || members.length === 0) {
    return 'expected: group <name> <number, any or all> <member> ...';
  }
  const threshold = count === 'any' ? 1 : count === 'all' ? members.length : parseDecimal(count);
  if (threshold === undefined || threshold < 1 || threshold > members.length) {
    return `${JSON.stringify(count)} is not any, all or a number from 1 to ${members.length}`;
  }
  for (const member of members) {
    if (!draft.names.has(member)) return `${JSON.stringify(member)} is not defined above`;
    if (draft.members.has(member)) return `${JSON.stringify(member)} is a member of a group already`;
    draft.members.add(member);
  }
  draft.groups.push({ name, threshold, members });
  return takeName(draft, name);
}

function setQuorum(draft: Draft, [name, ...rest]: readonly string[]): Problem {
  if (name === undefined || rest.length > 0) return 'expected: quorum <name>, of a witness or group, or none';
  if (draft.quorum !== undefined) return 'there is a quorum line already';
  if (name !== NO_QUORUM && !draft.names.has(name)) return `${JSON.stringify(name)} is not defined above`;
  draft.quorum = name;
  return undefined;
}

function takeName(draft: Draft, name: string): Problem {
  if (name === NO_QUORUM) return '"none" is not free to be a name';
  if (draft.names.has(name)) return `${JSON.stringify(name)} is defined already`;
  draft.names.add(name);
  return undefined;
}

function keyOf(vkey: string | undefined, types: readonly KeyType[]): VerifierKey | undefined {
  const key = vkey === undefined ? undefined : parseVkey(vkey);
  return key !== undefined && types.includes(key.type) ? key : undefined;
}

function isSameKey(a: VerifierKey, b: VerifierKey): boolean {
  return encodeHex(a.publicKey) === encodeHex(b.publicKey);
}
