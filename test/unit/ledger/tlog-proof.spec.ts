import { describe, expect, it } from '@jest/globals';
import {
  checkCheckpoint,
  checkTlogProof,
  formatTlogProof,
  inclusionProof,
  leafReader,
  parsePolicy,
  parseTlogProof,
  signNote,
  verifyCheckpoint,
  verifyTlogProof,
} from '../../../lib/ledger/verify/index.js';
import { aLog, checkpointText, FakeWitness, log, ORIGIN, hashes300 } from './keys.fixture.js';
import { bitFlips, hex, leaf, utf8 } from './ledger.fixture.js';

const [w1, w2, w3] = [1, 2, 3].map((n) => new FakeWitness(`witness.example/w${n}`, 30 + n)) as [
  FakeWitness,
  FakeWitness,
  FakeWitness,
];
const witnessLines = [w1, w2, w3].map(({ vkey }, at) => `witness W${at + 1} ${vkey}\n`).join('');
const logOnly = parsePolicy(`log ${log.vkey}\nquorum none\n`)!;
const twoOfThree = parsePolicy(`log ${log.vkey}\n${witnessLines}group G 2 W1 W2 W3\nquorum G\n`)!;
const allThree = parsePolicy(`log ${log.vkey}\n${witnessLines}group G all W1 W2 W3\nquorum G\n`)!;

const note = signNote(checkpointText(300), log.skey);
const cosigned = w3.cosign(w2.cosign(w1.cosign(note, 1), 2), 3);
const hashes = inclusionProof(257, 300, leafReader(hashes300))!;
const proof = { index: 257, hashes, checkpoint: note };
const file = formatTlogProof(proof);
const [hashLine = ''] = file.split('\n').slice(2);

describe('a checkpoint under a policy', () => {
  it('is valid with the log’s signature and enough witnesses', () => {
    expect(verifyCheckpoint(note, logOnly)).toMatchObject({ origin: ORIGIN, size: 300, cosigners: [] });
    expect(verifyCheckpoint(w1.cosign(w3.cosign(note, 9), 8), twoOfThree)?.cosigners).toEqual([
      { witness: 'W1', time: 8 },
      { witness: 'W3', time: 9 },
    ]);
    expect(verifyCheckpoint(utf8(cosigned), allThree)?.cosigners).toHaveLength(3);
  });

  it('is not valid with fewer, however often one cosigns', () => {
    const once = w1.cosign(w1.cosign(note, 1), 2);
    const cosigners = [{ witness: 'W1', time: 1 }];
    expect(checkCheckpoint(once, twoOfThree)).toEqual({ kind: 'quorum-not-met', quorum: 'G', cosigners });
    expect(verifyCheckpoint(once, twoOfThree)).toBeUndefined();
  });

  it('needs the log itself, under its own name', () => {
    const byWitnesses = cosigned.replace(/\n\n— ledger[^\n]*\n/, '\n\n');
    expect(checkCheckpoint(byWitnesses, allThree)).toEqual({ kind: 'unsigned-by-log', origin: ORIGIN });
    const other = aLog('other.example/log', 7);
    expect(checkCheckpoint(signNote(checkpointText(300), other.skey), logOnly).kind).toBe('no-known-signature');
    const both = parsePolicy(`log ${log.vkey}\nlog ${other.vkey}\nquorum none\n`)!;
    // Another trusted log cannot speak for this one.
    expect(checkCheckpoint(signNote(checkpointText(300), other.skey), both).kind).toBe('no-known-signature');
    const foreign = checkpointText(300).replace(ORIGIN, 'foreign.example/log');
    const unknown = { kind: 'unknown-log', origin: 'foreign.example/log' };
    expect(checkCheckpoint(signNote(foreign, log.skey), logOnly)).toEqual(unknown);
  });

  it('may be signed by either key of a log that changed it', () => {
    const newKey = aLog(ORIGIN, 8);
    const policy = parsePolicy(`log ${log.vkey}\nlog ${newKey.vkey}\nquorum none\n`)!;
    for (const skey of [log.skey, newKey.skey]) {
      expect(verifyCheckpoint(signNote(checkpointText(5), skey), policy)?.size).toBe(5);
    }
  });

  it('is refused with any bit changed', () => {
    for (const changed of bitFlips(utf8(cosigned))) expect(verifyCheckpoint(changed, allThree)).toBeUndefined();
  });

  it('is refused for what is no note, checkpoint or policy', () => {
    expect(checkCheckpoint('text\n', logOnly)).toEqual({ kind: 'malformed-note' });
    expect(checkCheckpoint(signNote('text\n', log.skey), logOnly)).toEqual({ kind: 'malformed-checkpoint' });
    expect(checkCheckpoint(note, undefined as never)).toEqual({ kind: 'malformed-policy' });
    const forged = { ...logOnly, logs: [{ key: { ...logOnly.logs[0]!.key, publicKey: new Uint8Array(3) } }] };
    expect(checkCheckpoint(note, forged)).toEqual({ kind: 'malformed-policy' });
  });
});

describe('a proof', () => {
  it('holds for its leaf, in bytes or as text', () => {
    const verified = verifyTlogProof(file, leaf(257), logOnly)!;
    expect(verified).toMatchObject({ index: 257, checkpoint: { origin: ORIGIN, size: 300 } });
    expect(hex(verified.leafHash)).toBe(hex(hashes300[257]!));
    expect(verifyTlogProof(utf8(file), 'leaf-257', logOnly)).toEqual(verified);
  });

  it('does not hold for any other leaf', () => {
    for (const other of bitFlips(leaf(257))) expect(verifyTlogProof(file, other, logOnly)).toBeUndefined();
    expect(checkTlogProof(file, leaf(256), logOnly)).toEqual({ kind: 'not-included', index: 257, size: 300 });
    expect(checkTlogProof(file, hashes300[257]!, logOnly).kind).toBe('not-included');
    expect(checkTlogProof(file, '\ud800', logOnly)).toEqual({ kind: 'malformed-leaf' });
  });

  it('is refused with any bit changed', () => {
    for (const changed of bitFlips(utf8(file))) expect(verifyTlogProof(changed, leaf(257), logOnly)).toBeUndefined();
  });

  it('is refused when it is cut anywhere', () => {
    for (let length = 0; length < file.length; length++) {
      expect(verifyTlogProof(file.slice(0, length), leaf(257), logOnly)).toBeUndefined();
    }
  });

  it('is refused when the policy does not make its checkpoint valid', () => {
    expect(checkTlogProof(file, leaf(257), twoOfThree)).toEqual({ kind: 'quorum-not-met', quorum: 'G', cosigners: [] });
    expect(checkTlogProof(file, leaf(257), {} as never)).toEqual({ kind: 'malformed-policy' });
  });

  it('is refused at another place, and with hashes missing or added', () => {
    for (const index of [0, 256, 258, 299, 300]) {
      expect(checkTlogProof(file.replace('index 257', `index ${index}`), leaf(257), logOnly).kind).toBe('not-included');
    }
    for (const other of [hashes.slice(1), hashes.slice(0, -1), [...hashes, hashes[0]!], []]) {
      const changed = formatTlogProof({ ...proof, hashes: other });
      expect(checkTlogProof(changed, leaf(257), logOnly).kind).toBe('not-included');
    }
  });

  it('carries what the log adds, on trust', () => {
    const withExtra = formatTlogProof({ ...proof, extra: utf8('opening') });
    expect(withExtra.split('\n')[1]).toBe('extra b3BlbmluZw==');
    expect(verifyTlogProof(withExtra, leaf(257), logOnly)?.extra).toEqual(utf8('opening'));
    expect(formatTlogProof(parseTlogProof(withExtra)!)).toBe(withExtra);
    expect(formatTlogProof({ ...proof, extra: new Uint8Array() })).toBe(file);
    expect(parseTlogProof(file)).not.toHaveProperty('extra');
    expect(verifyTlogProof(file, leaf(257), logOnly)).not.toHaveProperty('extra');
  });

  it('of a tree of one leaf has no hashes', () => {
    const only = formatTlogProof({ index: 0, hashes: [], checkpoint: signNote(checkpointText(1), log.skey) });
    expect(only.startsWith('c2sp.org/tlog-proof@v1\nindex 0\n\nledger.example/audit\n1\n')).toBe(true);
    expect(verifyTlogProof(only, leaf(0), logOnly)?.index).toBe(0);
  });

  it.each([
    ['no header', file.replace(/^.*\n/, '')],
    ['another version', file.replace('@v1', '@v2')],
    ['the header of a web page', file.replace('c2sp.org', 'https://c2sp.org')],
    ['something before the header', `\n${file}`],
    ['CRLF', file.replaceAll('\n', '\r\n')],
    ['CRLF behind the header', file.replace('v1\n', 'v1\r\n')],
    ['no index', file.replace(/index .*\n/, '')],
    ['two indexes', file.replace('index 257\n', 'index 257\nindex 257\n')],
    ['a leading zero', file.replace('index 257', 'index 0257')],
    ['a sign', file.replace('index 257', 'index +257')],
    ['a negative index', file.replace('index 257', 'index -1')],
    ['a huge index', file.replace('index 257', 'index 9007199254740992')],
    ['two spaces', file.replace('index 257', 'index  257')],
    ['a space behind the index', file.replace('index 257', 'index 257 ')],
    ['an index in capitals', file.replace('index 257', 'Index 257')],
    ['an empty extra', file.replace('index', 'extra \nindex')],
    ['an extra without a space', file.replace('index', 'extra\nindex')],
    ['an extra that is not base64', file.replace('index', 'extra a b\nindex')],
    ['an extra without padding', file.replace('index', 'extra QQ\nindex')],
    ['an extra with bits behind it', file.replace('index', 'extra QR==\nindex')],
    ['two extras', file.replace('index', 'extra QQ==\nextra QQ==\nindex')],
    ['an extra behind the index', file.replace('index 257', 'index 257\nextra QQ==')],
    ['a hash without padding', file.replace(hashLine, hashLine.slice(0, -1))],
    ['a hash with bits behind it', file.replace(hashLine, `${'A'.repeat(42)}B=`)],
    ['a short hash', file.replace(hashLine, Buffer.alloc(31).toString('base64'))],
    ['a long hash', file.replace(hashLine, Buffer.alloc(33).toString('base64'))],
    ['a hash in hexadecimal', file.replace(hashLine, hex(hashes[0]!))],
    ['a space behind a hash', file.replace(hashLine, `${hashLine} `)],
    ['64 hashes', file.replace(hashLine, Array(64).fill(hashLine).join('\n'))],
    ['two empty lines', file.replace('\n\n', '\n\n\n')],
    ['no empty line', file.replace('\n\n', '\n')],
    ['no checkpoint', file.slice(0, file.indexOf('\n\n') + 2)],
    ['something behind the checkpoint', `${file}x`],
  ])('does not have %s', (_, wrong) => {
    expect(parseTlogProof(wrong)).toBeUndefined();
    expect(checkTlogProof(wrong, leaf(257), logOnly)).toEqual({ kind: 'malformed-proof' });
    expect(verifyTlogProof(wrong, leaf(257), logOnly)).toBeUndefined();
  });

  it('can have 63 hashes', () => {
    const longest = formatTlogProof({ ...proof, hashes: Array<Uint8Array>(63).fill(hashes[0]!) });
    expect(parseTlogProof(longest)?.hashes).toHaveLength(63);
    expect(checkTlogProof(longest, leaf(257), logOnly).kind).toBe('not-included');
  });

  it.each([
    { index: -1 },
    { index: 2 ** 53 },
    { hashes: [new Uint8Array(31)] },
    { hashes: Array<Uint8Array>(64).fill(new Uint8Array(32)) },
    { checkpoint: 'text\n' },
    { checkpoint: checkpointText(300) },
    { checkpoint: signNote('text\n', log.skey) },
  ])('is not written with %j', (wrong) => {
    expect(() => formatTlogProof({ ...proof, ...wrong })).toThrow(TypeError);
  });
});
