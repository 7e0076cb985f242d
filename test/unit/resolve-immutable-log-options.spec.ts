import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { resolveImmutableLogOptions } from '../../lib/resolve-immutable-log-options.js';

const client = { axiosRef: {}, request: () => undefined } as never;

function problemsOf(given: unknown, variables: Record<string, string> = {}): readonly string[] {
  try {
    resolveImmutableLogOptions(given as ImmutableLogOptions, variables);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionsError);
    return (error as InvalidOptionsError).problems;
  }
  return [];
}

describe('options', () => {
  it('all have defaults', () => {
    expect(resolveImmutableLogOptions(undefined, {})).toMatchObject({
      mode: 'local',
      serviceName: 'nestjs-app',
      env: 'production',
      register: 'global',
      capture: { skipPaths: ['/health', '/healthz'], body: 'hash', responseBody: 'never', headers: false },
      redaction: { builtIn: true, denylist: [] },
      delivery: { maxBufferedEvents: 10_000, overflow: 'drop-newest', timeoutMs: 5000 },
    });
  });

  it('take the five names of the pasted interceptor unchanged', () => {
    const given = {
      apiKey: 'iml_live_x',
      apiUrl: 'http://127.0.0.1:9',
      serviceName: 'pay',
      env: 'staging',
      skipPaths: ['/up'],
    };
    const resolved = resolveImmutableLogOptions(given, {});
    const { apiKey, apiUrl, serviceName, env, capture } = resolved;
    expect({ apiKey, apiUrl, serviceName, env, skipPaths: capture.skipPaths }).toEqual(given);
    expect(resolved.mode).toBe('hybrid');
  });

  it('are read from the environment where they are not given, and undefined is not given', () => {
    const variables = {
      IMTBL_API_KEY: 'iml_live_env',
      IMTBL_URL: 'https://eu.example.com',
      IMTBL_SERVICE_NAME: 'env-service',
      IMTBL_ENV: 'qa',
    };
    expect(resolveImmutableLogOptions({ env: 'mine', serviceName: undefined }, variables)).toMatchObject({
      mode: 'hybrid',
      apiKey: 'iml_live_env',
      apiUrl: 'https://eu.example.com',
      serviceName: 'env-service',
      env: 'mine',
    });
    expect(
      resolveImmutableLogOptions({}, { IMMUTABLELOG_API_KEY: 'k', IMMUTABLELOG_ENV: 'e', NODE_ENV: 'n' }),
    ).toMatchObject({ apiKey: 'k', env: 'e' });
    expect(resolveImmutableLogOptions({}, { NODE_ENV: 'test' }).env).toBe('test');
  });

  it('can all come from the environment that text can give', () => {
    const variables = {
      IMTBL_MODE: 'local',
      IMTBL_DEVELOPMENT: 'true',
      IMTBL_REGISTER: 'manual',
      IMTBL_CAPTURE_BODY: 'errors',
      IMTBL_CAPTURE_SKIP_PATHS: '/up, /internal/**',
      IMTBL_CAPTURE_METHODS: '["POST", "PUT"]',
      IMTBL_REDACTION_DENYLIST: 'iban,customer.birthday',
      IMTBL_LEDGER_PATH: '/var/audit/ledger.db',
      IMTBL_LEDGER_ORIGIN: 'audit.example.com/shop',
      IMTBL_LEDGER_VERIFY_AT_START: 'true',
      IMTBL_DELIVERY_TIMEOUT_MS: '750',
      IMTBL_DELIVERY_OVERFLOW: 'drop-oldest',
      IMTBL_DELIVERY_HEADERS: '{"X-Gateway":"eu"}',
      IMTBL_SERVICE_NAME: '007',
      IMTBL_DELIVERY_CONCURRENCY: ' ',
    };
    expect(resolveImmutableLogOptions({ delivery: { retryCapMs: 9 } }, variables)).toMatchObject({
      mode: 'local',
      development: true,
      register: 'manual',
      serviceName: '007',
      capture: { body: 'errors', skipPaths: ['/up', '/internal/**'], methods: ['POST', 'PUT'] },
      redaction: { denylist: ['iban', 'customer.birthday'] },
      ledger: { path: '/var/audit/ledger.db', origin: 'audit.example.com/shop', verifyAtStart: true },
      delivery: {
        timeoutMs: 750,
        overflow: 'drop-oldest',
        headers: { 'X-Gateway': 'eu' },
        retryCapMs: 9,
        concurrency: 16,
      },
    });
    expect(resolveImmutableLogOptions({ delivery: { timeoutMs: 5 } }, variables).delivery.timeoutMs).toBe(5);
    expect(resolveImmutableLogOptions({ skipPaths: ['/mine'] }, variables).capture.skipPaths).toEqual(['/mine']);
  });

  it.each([
    [{ IMTBL_DELIVERY_TIMEOUT_MS: '5s' }, /^delivery\.timeoutMs is '5s': must .*\(from IMTBL_DELIVERY_TIMEOUT_MS\)$/],
    [{ IMTBL_MODE: 'everywhere' }, /^mode is 'everywhere': .*\(from IMTBL_MODE\)$/],
    [{ IMTBL_URL: 'nowhere' }, /^apiUrl is 'nowhere': .*\(from IMTBL_URL\)$/],
    [{ IMTBL_DEVELOPMENT: 'yes' }, /^development is 'yes': must be a boolean.*\(from IMTBL_DEVELOPMENT\)$/],
    [{ IMTBL_CAPTURE_METHODS: '[oops' }, /^capture\.methods is '\[oops'.*\(from IMTBL_CAPTURE_METHODS\)$/],
  ])('say of what is wrong in the environment where it came from: %j', (variables, expected) => {
    const resolve = (): unknown => resolveImmutableLogOptions({}, variables);
    expect(resolve).toThrow(InvalidOptionsError);
    try {
      resolve();
    } catch (error) {
      expect((error as InvalidOptionsError).problems[0]).toMatch(expected);
    }
  });

  it('have no signing key from the environment where the file of one is given', () => {
    const keyed = { IMTBL_LEDGER_KEY: 'PRIVATE+KEY+a' };
    const keyOf = (ledger?: object) => resolveImmutableLogOptions({ ledger }, keyed).ledger.privateKey;
    expect([keyOf(), keyOf({ keyPath: '/secret/log.key' })]).toEqual(['PRIVATE+KEY+a', undefined]);
  });

  it('are numbers from the environment also where there is no default', () => {
    const variables = { IMTBL_API_KEY: 'k', IMTBL_LEDGER_RETAIN_FORWARDED_DAYS: '30' };
    expect(resolveImmutableLogOptions({}, variables).ledger.retainForwardedDays).toBe(30);
    const rate = { IMTBL_DELIVERY_CATCH_UP_PER_SECOND: '50' };
    expect(resolveImmutableLogOptions({}, rate).delivery.catchUpPerSecond).toBe(50);
    expect(() => resolveImmutableLogOptions({}, { IMTBL_LEDGER_RETAIN_FORWARDED_DAYS: '30' })).toThrow(/mode 'local'/);
  });

  it('development sets the environment unless it is given', () => {
    expect(resolveImmutableLogOptions({ development: true }, { IMTBL_ENV: 'qa' }).env).toBe('development');
    expect(resolveImmutableLogOptions({ development: true, env: 'qa' }, {}).env).toBe('qa');
  });

  it('are frozen, and values given as objects stay the caller’s own', () => {
    const resolved = resolveImmutableLogOptions({ client }, {});
    expect(Object.isFrozen(resolved) && Object.isFrozen(resolved.delivery)).toBe(true);
    expect(resolved.client).toBe(client);
    expect(resolved.mode).toBe('hybrid');
  });

  it.each([
    ['a misspelt name', { serviceNam: 'x' }, /^serviceNam is no option: did you mean serviceName\?$/],
    ['a name of another section', { denylist: ['x'] }, /denylist is no option: did you mean redaction\.denylist\?/],
    ['a name that is nowhere', { zzzzzzzz: 1 }, /zzzzzzzz is no option: remove it or correct its spelling/],
    ['a wrong type', { delivery: { timeoutMs: '5s' } }, /^delivery\.timeoutMs is '5s': must .*integer/],
    ['a value out of range', { delivery: { concurrency: 0 } }, /^delivery\.concurrency is 0: must not be less than 1$/],
    ['a section that is no object', { capture: 'all' }, /capture/],
    ['options that are no object', 'fast', /options are a string/],
    ['a wrong mode', { mode: 'both' }, /^mode is 'both': must be one of/],
    [
      'a URL with credentials',
      { apiUrl: 'https://user:p@ss/w@a.test' },
      /^apiUrl is 'https:\/\/…@a\.test': .*without user/,
    ],
    ['one without scheme', { apiUrl: 'user:pass@a.test' }, /^apiUrl is '…@a\.test': .*without user/],
    ['a URL with a query', { apiUrl: 'https://a.test/x?token=t' }, /^apiUrl is 'https:\/\/a\.test\/x\?…': .*query/],
    [
      'identify that is no function',
      { capture: { identify: 'user' } },
      /capture\.identify is 'user': must be a function/,
    ],
    ['a path of no kind', { skipPaths: [7] }, /capture\.skipPaths is \[ 7 \]: each value in skipPaths must be a path/],
    ['a ledger in memory', { ledger: { path: ':memory:' } }, /^ledger\.path is ':memory:': must be the path of a file/],
    ['a blank path', { ledger: { path: ' ' } }, /^ledger\.path is ' ': must be the path of a file/],
    ['a path that SQLite would trim', { ledger: { path: 'audit.db ' } }, /^ledger\.path is 'audit\.db ': must be/],
    ['a path with a NUL', { ledger: { keyPath: 'a\0b' } }, /^ledger\.keyPath is .*: must be the path of a file/],
    ['a name that JavaScript has', JSON.parse('{"constructor":1}'), /^constructor is no option: remove it/],
    ['a prototype', JSON.parse('{"delivery":{"__proto__":{"timeoutMs":1}}}'), /^delivery\.__proto__ is no option/],
    ['a key with a line break', { apiKey: 'iml\nx' }, /apiKey is \(a string, not shown\): must be visible ASCII/],
    ['remote without a key', { mode: 'remote' }, /mode is 'remote' but there is no apiKey/],
    ['hybrid without a key', { mode: 'hybrid' }, /mode is 'hybrid' but there is no apiKey/],
    ['a client and a key', { client, apiKey: 'k' }, /client and apiKey are both given/],
    [
      'skipPaths twice',
      { skipPaths: [], capture: { skipPaths: [] } },
      /skipPaths and capture\.skipPaths are both given/,
    ],
    [
      'retention without forwarding',
      { ledger: { retainForwardedDays: 30 } },
      /^ledger\.retainForwardedDays is 30, but in mode 'local' .* give apiKey or client, or leave it out$/,
    ],
    ['half a day', { apiKey: 'k', ledger: { retainForwardedDays: 0.5 } }, /^ledger\.retainForwardedDays is 0\.5: must/],
    ['a rate of nothing', { delivery: { catchUpPerSecond: 0 } }, /^delivery\.catchUpPerSecond is 0: must/],
    ['a client that is none', { client: {} }, /client has no request\(\) method/],
  ])('are refused with %s', (_case, given, problem) => {
    const problems = problemsOf(given);
    expect(problems.some((text) => problem.test(text)) ? [] : problems).toEqual([]);
    expect(problems.length).toBeGreaterThan(0);
  });

  it('say no more of names that JavaScript has than of others', () => {
    expect(problemsOf(JSON.parse('{"__proto__":{"mode":"local"},"constructor":1}'))).toHaveLength(2);
  });

  it('list every problem at once and never show a credential', () => {
    const problems = problemsOf({ mode: 'no', apiKey: 'secret key', delivery: { timeoutMs: 0, headers: 'token' } });
    expect(problems.length).toBeGreaterThanOrEqual(4);
    expect(problems.join()).not.toMatch(/secret key|'token'/);
  });

  it('prefer a client to a key that happens to be in the environment', () => {
    const resolved = resolveImmutableLogOptions({ client }, { IMTBL_API_KEY: 'k' });
    expect(resolved.apiKey).toBeUndefined();
    expect(resolved.apiUrl).toBeUndefined();
  });
});
