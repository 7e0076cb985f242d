import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  checkCheckpoint,
  checkNote,
  checkPolicy,
  checkTlogProof,
  consistencyProof,
  formatTlogProof,
  inclusionProof,
  leafReader,
  openNote,
  parseCheckpoint,
  parseCosignature,
  parseEntryBundle,
  parseHashTile,
  parseLeaf,
  parseNote,
  parseOpening,
  parsePolicy,
  parseSkey,
  parseTilePath,
  parseTlogProof,
  parseTxId,
  parseVkey,
  signNote,
  verifyCheckpoint,
  verifyCommitment,
  verifyConsistency,
  verifyCosignature,
  verifyEntryBundle,
  verifyEventContent,
  verifyEventProof,
  verifyFullTile,
  verifyInclusion,
  verifyOpening,
  verifyTlogProof,
} from '../../../lib/ledger/verify/index.js';
import { hostileValue, throwing } from '../event/hostile-values.js';
import { checkpointText, hashes300, log, roots } from './keys.fixture.js';
import { leaf } from './ledger.fixture.js';

const note = signNote(checkpointText(300), log.skey);
const policy = parsePolicy(`log ${log.vkey}\nquorum none\n`)!;
const proof = inclusionProof(7, 300, leafReader(hashes300))!;
const growth = consistencyProof(200, 300, leafReader(hashes300))!;
const file = formatTlogProof({ index: 7, hashes: proof, checkpoint: note });

type AnyFunction = (...given: any[]) => unknown;

/** Functions that promise an answer on any input, and arguments for which the answer is a good one. */
const VERIFYING: Readonly<Record<string, readonly [AnyFunction, ...given: unknown[]]>> = {
  verifyInclusion: [verifyInclusion, 7, 300, hashes300[7], proof, roots[300]],
  verifyConsistency: [verifyConsistency, 200, 300, growth, roots[200], roots[300]],
  verifyTlogProof: [verifyTlogProof, file, leaf(7), policy],
  verifyCheckpoint: [verifyCheckpoint, note, policy],
};
/** Those whose every argument, or only the first, may be anything. */
const ANSWERING: Readonly<Record<string, AnyFunction>> = {
  parseCheckpoint,
  parseCosignature,
  parseLeaf,
  parseNote,
  parseOpening,
  parsePolicy,
  parseSkey,
  parseTilePath,
  parseTlogProof,
  parseTxId,
  parseVkey,
  verifyCommitment,
  verifyCosignature,
  verifyEntryBundle,
  verifyEventContent,
  verifyEventProof,
  verifyFullTile,
  verifyOpening,
  parseHashTile: (tile: never) => parseHashTile(tile, 1),
  parseEntryBundle: (bundle: never) => parseEntryBundle(bundle, 1),
  openNote: (given: never) => openNote(given, [log.vkey]),
};

/** fast-check would stumble over some of them itself. */
const SPECIAL: readonly unknown[] = [
  ...[undefined, null, NaN, Infinity, -0, -1, 0.5, 2 ** 53, 2 ** 64, '300', 300n, Symbol('s'), () => 300, [300]],
  ...[new Uint8Array(31), new Uint8Array(64), new Uint16Array(32), new Float64Array(32), new ArrayBuffer(32)],
  ...[new Array(5), new Array(2 ** 32 - 1), { length: 32 }, [[new Uint8Array(32)]], Object.create(null)],
  ...[new Proxy([], { get: throwing }), new Proxy(new Uint8Array(32), {}), revoked(), detached()],
];

function forHostile(check: (value: unknown) => void): void {
  for (const value of SPECIAL) check(value);
  fc.assert(fc.property(hostileValue, check), { numRuns: 150 });
}

describe('any input', () => {
  it.each(Object.entries(VERIFYING))('is what %s answers, and this is good', (_, [verify, ...given]) => {
    expect(verify(...given)).toBeTruthy();
  });

  it.each(Object.entries(VERIFYING))('gets a no from %s in each place', (name, [verify, ...given]) => {
    const no = name === 'verifyInclusion' || name === 'verifyConsistency' ? false : undefined;
    for (const place of given.keys()) {
      forHostile((value) => {
        const isGood = Object.is(value, given[place]) || isHarmless(name, place, value);
        if (!isGood) expect(verify(...given.with(place, value))).toBe(no);
      });
    }
    expect(verify()).toBe(no);
  });

  it.each(Object.entries(ANSWERING))('gets a no from %s, never an exception', (_, answer) => {
    forHostile((value) => {
      for (const given of [[], [value], [value, value, value]]) expect([undefined, false]).toContain(answer(...given));
    });
  });

  it('is told what is wrong with it', () => {
    const reasons = new Set<string>();
    forHostile((value) => {
      reasons.add(checkNote(value as string, [log.vkey]).kind);
      reasons.add(checkPolicy(value as string).kind);
      reasons.add(checkCheckpoint(note, value as typeof policy).kind);
      reasons.add(checkTlogProof(value as string, leaf(7), policy).kind);
      if (typeof value !== 'string') reasons.add(checkTlogProof(file, value as Uint8Array, policy).kind);
    });
    for (const kind of ['malformed-leaf', 'malformed-note', 'malformed-policy', 'malformed-proof']) {
      expect(reasons).toContain(kind);
    }
    expect(reasons).not.toContain('verified');
  });
});

/** Proofs do not bind sizes: another one can be as good. */
function isHarmless(name: string, place: number, value: unknown): boolean {
  const sizes = { verifyInclusion: [1], verifyConsistency: [0, 1] }[name] ?? [];
  return sizes.includes(place) && Number.isSafeInteger(value);
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
}

function detached(): unknown {
  const bytes = new Uint8Array(32);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}
