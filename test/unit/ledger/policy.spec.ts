import { describe, expect, it } from '@jest/globals';
import { checkPolicy, formatVkey, KEY_TYPES, parsePolicy, quorumMet } from '../../../lib/ledger/verify/index.js';
import { aLog, FakeWitness, log } from './keys.fixture.js';
import { utf8 } from './ledger.fixture.js';

const [x1, x2, x3, y1, y2] = ['x1', 'x2', 'x3', 'y1', 'y2'].map((name, at) => new FakeWitness(name, 20 + at).vkey);
const pq = formatVkey({ name: 'pq', type: KEY_TYPES.mldsaCosignature, publicKey: new Uint8Array(1312) });
const witnesses = `witness X1 ${x1}\nwitness X2 ${x2}\nwitness X3 ${x3}\nwitness Y1 ${y1}\nwitness Y2 ${y2}\n`;
const groups = 'group X 2 X1 X2 X3\ngroup Y any Y1 Y2\ngroup both all X Y\n';
const twoLevels = `log ${log.vkey}\n\n${witnesses}${groups}quorum both\n`;

describe('a policy', () => {
  it('has logs, witnesses, groups and a quorum', () => {
    const policy = parsePolicy(twoLevels)!;
    expect(policy.logs.map(({ key }) => key.name)).toEqual(['ledger.example/audit']);
    expect(policy.witnesses.map(({ name, key }) => [name, key.name])).toEqual(
      ['1', '2', '3'].map((n) => [`X${n}`, `x${n}`]).concat(['1', '2'].map((n) => [`Y${n}`, `y${n}`])),
    );
    expect(policy.groups).toEqual([
      { name: 'X', threshold: 2, members: ['X1', 'X2', 'X3'] },
      { name: 'Y', threshold: 1, members: ['Y1', 'Y2'] },
      { name: 'both', threshold: 2, members: ['X', 'Y'] },
    ]);
    expect(policy.quorum).toBe('both');
    for (const { url } of [...policy.logs, ...policy.witnesses]) expect(url).toBeUndefined();
  });

  it('is read with comments, tabs, spaces and addresses', () => {
    const text = `# why\n \t\n\t# é\n log\t${log.vkey}  https://log.example/ \nwitness é ${x1} https://w.example/\nquorum\té`;
    const policy = parsePolicy(text)!;
    expect(policy.logs[0]?.url).toBe('https://log.example/');
    expect(policy.witnesses[0]).toMatchObject({ name: 'é', url: 'https://w.example/' });
    expect(policy.quorum).toBe('é');
    expect(parsePolicy(utf8(text))).toEqual(policy);
  });

  it('may have no log, no witness, and keys that we cannot verify', () => {
    expect(parsePolicy('quorum none\n')).toEqual({ logs: [], witnesses: [], groups: [], quorum: 'none' });
    expect(parsePolicy(`witness P ${pq}\nquorum P\n`)?.witnesses[0]?.key.type).toBe(KEY_TYPES.mldsaCosignature);
    expect(parsePolicy(`log ${pq}\nquorum none\n`)?.logs).toHaveLength(1);
  });

  it('takes witnesses and logs behind the quorum, and a witness that is called like a keyword', () => {
    expect(parsePolicy(`witness any ${x1}\nquorum any\nlog ${log.vkey}\nwitness all ${x2}\n`)).toBeDefined();
  });

  it('has room for many', () => {
    const keys = Array.from({ length: 64 }, (_, at) => new FakeWitness(`w${at}`, 100 + at));
    const lines = keys.map(({ name, vkey }, at) => `witness ${name} ${vkey}\ngroup g${at} any ${name}\n`);
    const logs = Array.from({ length: 64 }, (_, at) => `log ${aLog(`l${at}`, at).vkey}\n`);
    const all = `group all all ${keys.map((_, at) => `g${at}`).join(' ')}\nquorum all\n`;
    expect(parsePolicy(logs.join('') + lines.join('') + all)?.groups).toHaveLength(65);
  });

  it.each([
    ['no quorum', witnesses, 6],
    ['nothing at all', '', 1],
    ['two quorums', 'quorum none\nquorum none\n', 2],
    ['a quorum of two', `${witnesses}quorum X1 X2\n`, 6],
    ['a quorum of none and more', 'quorum none X1\n', 1],
    ['a quorum without a name', 'quorum\n', 1],
    ['a quorum that is not defined', `${witnesses}quorum Z\n`, 6],
    ['a quorum that is defined below', `quorum X1\n${witnesses}`, 1],
    ['a log without a key', 'log\nquorum none\n', 1],
    ['a log with a broken key', `log ${log.vkey.slice(1)}\nquorum none\n`, 1],
    ['a log with the key of a witness', `log ${x1}\nquorum none\n`, 1],
    ['a log with its signing key', `log ${log.skey}\nquorum none\n`, 1],
    ['a log with more than an address', `log ${log.vkey} https://a/ b\nquorum none\n`, 1],
    ['a comment behind a line', `log ${log.vkey} https://a/ # b\nquorum none\n`, 1],
    ['a log twice', `log ${log.vkey}\nlog ${log.vkey}\nquorum none\n`, 2],
    ['a log twice under two names', `log ${log.vkey}\nlog ${aLog('other.example/log', 1).vkey}\nquorum none\n`, 2],
    ['a witness without a name', `witness ${x1}\nquorum none\n`, 1],
    ['a witness with more than an address', `witness W ${x1} https://a/ b\nquorum none\n`, 1],
    ['a witness without a key', 'witness W\nquorum none\n', 1],
    ['a group with a name only', `${witnesses}group A\nquorum A\n`, 6],
    ['a group without a name', `${witnesses}group\nquorum X1\n`, 6],
    ['a witness with the key of a log', `witness W ${log.vkey}\nquorum none\n`, 1],
    ['a witness twice', `witness A ${x1}\nwitness B ${x1}\nquorum none\n`, 2],
    ['a witness twice under two key names', `witness A ${x1}\nwitness B ${new FakeWitness('b', 20).vkey}\n`, 2],
    ['a name twice', `witness A ${x1}\nwitness A ${x2}\nquorum none\n`, 2],
    ['a group with the name of a witness', `witness A ${x1}\nwitness B ${x2}\ngroup B any A\nquorum none\n`, 3],
    ['a witness called none', `witness none ${x1}\nquorum none\n`, 1],
    ['a group called none', `${witnesses}group none any X1\nquorum none\n`, 6],
    ['none in a group', `${witnesses}group A any none X1\nquorum A\n`, 6],
    ['a group without members', `${witnesses}group A any\nquorum A\n`, 6],
    ['a group of itself', `group A any A\nquorum A\n`, 1],
    ['a group with an unknown member', `${witnesses}group A any Z\nquorum A\n`, 6],
    ['a group with a member twice', `${witnesses}group A 2 X1 X1\nquorum A\n`, 6],
    ['a member of two groups', `${witnesses}group A any X1 X2\ngroup B any X2 X3\nquorum A\n`, 7],
    ['a threshold of 0', `${witnesses}group A 0 X1\nquorum A\n`, 6],
    ['a threshold beyond the members', `${witnesses}group A 3 X1 X2\nquorum A\n`, 6],
    ['a threshold with a zero before it', `${witnesses}group A 01 X1\nquorum A\n`, 6],
    ['a threshold with a sign', `${witnesses}group A +1 X1\nquorum A\n`, 6],
    ['a threshold in words', `${witnesses}group A ANY X1\nquorum A\n`, 6],
    ['another keyword', 'logs\nquorum none\n', 1],
    ['a keyword in capitals', 'Quorum none\n', 1],
    ['CRLF', 'quorum none\r\n', 1],
    ['a form feed for a space', 'quorum\fnone\n', 1],
    ['a no-break space for a space', 'quorum\u00a0none\n', 1],
    ['a NUL', '# \0\nquorum none\n', 1],
    ['a DEL', '# \x7f\nquorum none\n', 1],
    ['a lone surrogate', '# \ud800\nquorum none\n', 1],
  ])('does not have %s', (_, text, line) => {
    expect(parsePolicy(text)).toBeUndefined();
    expect(checkPolicy(text)).toEqual({ kind: 'malformed-policy', line, problem: expect.any(String) });
  });
});

describe('a quorum', () => {
  const met = (text: string, cosigners: readonly string[]): boolean => quorumMet(parsePolicy(text)!, cosigners);

  it('is met by as many members as the groups ask for', () => {
    expect(met(twoLevels, ['X1', 'X3', 'Y2'])).toBe(true);
    expect(met(twoLevels, ['X1', 'X2', 'X3', 'Y1', 'Y2'])).toBe(true);
    for (const few of [[], ['X1', 'X2', 'X3'], ['X1', 'Y1', 'Y2'], ['Y1', 'Y2'], ['X1', 'X1', 'Y1']]) {
      expect(met(twoLevels, few)).toBe(false);
    }
  });

  it('is met by one witness if it is one, and by nobody if it is none', () => {
    expect(met(`${witnesses}quorum X2\n`, ['X2'])).toBe(true);
    expect(met(`${witnesses}quorum X2\n`, ['X1', 'X3'])).toBe(false);
    expect(met(`${witnesses}quorum none\n`, [])).toBe(true);
  });
});
