import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ApiKeyError } from '../../../lib/ledger/api-keys/api-key.error.js';
import { ApiKeys } from '../../../lib/ledger/api-keys/api-keys.js';
import { nodesOf, readLib } from '../../support/source-files.js';
import { eventually } from '../../support/eventually.js';
import { openTestLedger, temporaryFolder } from '../../support/ledger.js';

describe('the API keys of a ledger', () => {
  const folder = temporaryFolder;
  let place: ReturnType<typeof folder>;
  let keys: ApiKeys;
  let path: string;

  beforeEach(async () => {
    place = folder();
    path = join(place.path, 'ledger.db');
    keys = await ApiKeys.open(path);
  });

  afterEach(async () => {
    await keys.close();
    place.cleanUp();
  });

  it('are made with a secret that is shown once', async () => {
    const { secret, ...key } = await keys.create({ name: 'shop', scopes: ['read', 'ingest', 'read'] });
    expect(secret).toMatch(/^iml_live_[A-Za-z0-9_-]{43}$/);
    expect(key).toEqual({
      id: expect.stringMatching(/^ak_[0-9a-f]{16}$/),
      name: 'shop',
      scopes: ['ingest', 'read'],
      createdAt: expect.stringMatching(/Z$/),
    });
    expect(await keys.list()).toEqual([key]);
    expect(await keys.authenticate(secret)).toEqual(key);
  });

  it('leave no secret in the file', async () => {
    const { secret } = await keys.create({ name: 'shop', scopes: ['ingest'] });
    const files = ['ledger.db', 'ledger.db-wal'].map((name) => readFileSync(join(place.path, name)));
    expect(files.some((file) => file.includes(secret.slice('iml_live_'.length)))).toBe(false);
  });

  it('are revoked by id or by name, once', async () => {
    const first = await keys.create({ name: 'first', scopes: ['read'] });
    const second = await keys.create({ name: 'second', scopes: ['read'] });
    expect(await keys.revoke(first.id)).toMatchObject({ id: first.id, revokedAt: expect.any(String) });
    expect(await keys.revoke('second')).toMatchObject({ id: second.id });
    expect([await keys.revoke('second'), await keys.revoke('nobody')]).toEqual([undefined, undefined]);
    expect(await keys.authenticate(first.secret)).toBeUndefined();
    expect(await keys.authenticate(second.secret)).toBeUndefined();
    expect((await keys.list()).map(({ name, revokedAt }) => [name, typeof revokedAt])).toEqual([
      ['first', 'string'],
      ['second', 'string'],
    ]);
  });

  it('have a name that is free again once its key is revoked', async () => {
    const first = await keys.create({ name: 'shop', scopes: ['read'] });
    await expect(keys.create({ name: 'shop', scopes: ['read'] })).rejects.toThrow(/is another key's/);
    await keys.revoke('shop');
    const second = await keys.create({ name: 'shop', scopes: ['read'] });
    expect(second.id).not.toBe(first.id);
    expect(await keys.authenticate(first.secret)).toBeUndefined();
    expect(await keys.authenticate(second.secret)).toMatchObject({ id: second.id });
  });

  it.each([
    { name: '', scopes: ['read'] },
    { name: 'ak_123', scopes: ['read'] },
    { name: ' leading', scopes: ['read'] },
    { name: 'two\nlines', scopes: ['read'] },
    { name: 'x'.repeat(129), scopes: ['read'] },
    { name: 'shop', scopes: [] },
    { name: 'shop', scopes: ['admin'] },
  ])('are not made of %j', async (given) => {
    await expect(keys.create(given as never)).rejects.toBeInstanceOf(ApiKeyError);
    expect(await keys.list()).toEqual([]);
  });

  it.each(['', 'iml_live_', `iml_live_${'A'.repeat(42)}`, `iml_live_${'A'.repeat(44)}`, `sk_live_${'A'.repeat(43)}`])(
    'are not %j',
    async (secret) => {
      await keys.create({ name: 'shop', scopes: ['read'] });
      expect(await keys.authenticate(secret)).toBeUndefined();
    },
  );

  it('are compared in constant time, all of them, and in one place', () => {
    const files = readLib().filter(({ path }) => path.startsWith('ledger/api-keys/'));
    const calls = files.flatMap((file) => nodesOf(file).filter(ts.isCallExpression));
    const sameHash = files.flatMap((file) => nodesOf(file)).filter(ts.isFunctionDeclaration);
    const body = sameHash.find(({ name }) => name?.text === 'sameHash')!.body!.getText();
    expect(body).toBe('{\n  return a.length === b.length && timingSafeEqual(a, b);\n}');
    const of = (name: string) => calls.filter(({ expression }) => expression.getText() === name);
    expect([of('sameHash').length, of('timingSafeEqual').length]).toEqual([1, 1]);
    // Of every key: whoever stops at the first that fits tells which it was.
    expect(of('sameHash')[0]!.parent.parent.getText()).toBe(
      '(await this.known()).filter((known) => sameHash(known.hash, hash))',
    );
    // Nothing else looks at a hash: no operator, no other comparison, and no SQL, which compares in its own time.
    const isOfHash = (node: ts.Node): boolean => /hash/i.test(node.getText()) && !/\.length$/.test(node.getText());
    const others = files
      .flatMap((file) => nodesOf(file))
      .filter((node) => {
        if (ts.isBinaryExpression(node)) {
          return /^[=!]==?$/.test(node.operatorToken.getText()) && [node.left, node.right].some(isOfHash);
        }
        if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
          return /secret_hash\s*(=|IS|IN|LIKE|<|>)/i.test(node.text);
        if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
        return /^(equals|compare|includes|indexOf|has|get)$/.test(node.expression.name.text) && isOfHash(node);
      });
    expect(others.map((node) => node.getText())).toEqual([]);
  });

  it('are the same in every process that has the file open, within a second', async () => {
    const elsewhere = await ApiKeys.open(path);
    const { id, secret } = await keys.create({ name: 'shop', scopes: ['read'] });
    expect(await elsewhere.authenticate(secret)).toMatchObject({ id });
    await keys.revoke(id);
    await eventually(async () => expect(await elsewhere.authenticate(secret)).toBeUndefined(), 1_000);
    await elsewhere.close();
  });

  it('may be made before the ledger is, and are no part of its log', async () => {
    const { id, secret } = await keys.create({ name: 'early', scopes: ['ingest'] });
    const ledger = await openTestLedger(place.path);
    expect(ledger.size()).toBe(1);
    expect(await keys.authenticate(secret)).toMatchObject({ id });
    await ledger.close();
  });

  it('cannot be asked for once they are closed', async () => {
    await keys.close();
    await keys.close();
    await expect(keys.list()).rejects.toMatchObject({ code: 'IML_LEDGER_UNAVAILABLE' });
  });

  it('are in no file that is another program’s', async () => {
    await expect(ApiKeys.open(place.path)).rejects.toMatchObject({ code: 'IML_LEDGER_UNWRITABLE' });
  });
});
