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
      delivery: { maxBufferedEvents: 1000, overflow: 'drop-newest', timeoutMs: 5000 },
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
    expect(resolved.mode).toBe('remote');
  });

  it('are read from the environment where they are not given, and undefined is not given', () => {
    const variables = {
      IMTBL_API_KEY: 'iml_live_env',
      IMTBL_URL: 'https://eu.example.com',
      IMTBL_SERVICE_NAME: 'env-service',
      IMTBL_ENV: 'qa',
    };
    expect(resolveImmutableLogOptions({ env: 'mine', serviceName: undefined }, variables)).toMatchObject({
      mode: 'remote',
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

  it('development sets the environment unless it is given', () => {
    expect(resolveImmutableLogOptions({ development: true }, { IMTBL_ENV: 'qa' }).env).toBe('development');
    expect(resolveImmutableLogOptions({ development: true, env: 'qa' }, {}).env).toBe('qa');
  });

  it('are frozen, and values given as objects stay the caller’s own', () => {
    const resolved = resolveImmutableLogOptions({ client }, {});
    expect(Object.isFrozen(resolved) && Object.isFrozen(resolved.delivery)).toBe(true);
    expect(resolved.client).toBe(client);
    expect(resolved.mode).toBe('remote');
  });

  it.each([
    ['a misspelt name', { serviceNam: 'x' }, /^serviceNam is no option: did you mean serviceName\?$/],
    ['a name of another section', { denylist: ['x'] }, /denylist is no option: did you mean redaction\.denylist\?/],
    ['a name that is nowhere', { zzzzzzzz: 1 }, /zzzzzzzz is no option: remove it or correct its spelling/],
    ['a wrong type', { delivery: { timeoutMs: '5s' } }, /^delivery\.timeoutMs is '5s': must .*integer/],
    ['a value out of range', { delivery: { concurrency: 0 } }, /^delivery\.concurrency is 0: must not be less than 1$/],
    ['a section that is no object', { capture: 'all' }, /capture/],
    ['options that are no object', 'fast', /options are a string/],
    ['a wrong mode', { mode: 'hybrid' }, /^mode is 'hybrid': must be one of/],
    ['a URL with credentials', { apiUrl: 'https://user:pass@example.com' }, /^apiUrl is .*without user/],
    [
      'identify that is no function',
      { capture: { identify: 'user' } },
      /capture\.identify is 'user': must be a function/,
    ],
    ['a path of no kind', { skipPaths: [7] }, /capture\.skipPaths/],
    ['a key with a line break', { apiKey: 'iml\nx' }, /apiKey is \(a string, not shown\): must be visible ASCII/],
    ['remote without a key', { mode: 'remote' }, /mode is 'remote' but there is no apiKey/],
    ['a client and a key', { client, apiKey: 'k' }, /client and apiKey are both given/],
    [
      'skipPaths twice',
      { skipPaths: [], capture: { skipPaths: [] } },
      /skipPaths and capture\.skipPaths are both given/,
    ],
    ['a client that is none', { client: {} }, /client has no request\(\) method/],
  ])('are refused with %s', (_case, given, problem) => {
    const problems = problemsOf(given);
    expect(problems.some((text) => problem.test(text)) ? [] : problems).toEqual([]);
    expect(problems.length).toBeGreaterThan(0);
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
