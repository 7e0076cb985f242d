import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startImmutableLogServer } from 'nestjs-immutable-log/testing';
import type { ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { join } from 'node:path';
import { run, start } from '../support/child-process.js';
import type { Started } from '../support/child-process.js';
import { temporaryFolder } from '../support/ledger.js';
import { projectRoot } from '../support/source-files.js';

const PLATFORMS = [
  { platform: 'express', flags: [] },
  { platform: 'fastify', flags: ['--fastify'] },
];

describe.each(PLATFORMS)('the sample app on $platform', ({ platform, flags }) => {
  it('shows in its demo that every request has its one true event', async () => {
    const { stdout, stderr } = await run(['node', 'sample-app/dist/demo.js', ...flags], { cwd: projectRoot });

    expect(stderr).toBe('');
    expect(stdout).toContain(`The shop runs on ${platform}`);
    expect(stdout).toMatch(/^TIME +EVENT +OUTCOME +STATUS +ACTOR +ROUTE +MS *$/m);
    expect(stdout).toMatch(/ payment\.checkout +success +201 +c-1 +POST \/checkout +\d/);
    expect(stdout).toMatch(/ http\.GET\.\/orders\/:id +success +200 +a-1 for c-1 +GET \/orders\/:id +\d/);
    expect(stdout).toMatch(/The ledger has \d+ entries, signed by \S+\n {2}immutable-log verify: verified\n/);
    expect(stdout).toMatch(/turns the refusal of entry (\d+) into a success:\n.*TAMPERED WITH\n.*CONTENT_ALTERED \1 /);
    expect(stdout).toContain('Every request has its one event, no event tells a secret, and no change goes unnoticed.');
    // No terminal, no colours.
    expect(stdout).not.toContain('\u001b[');
  }, 60_000);

  describe('as a server', () => {
    let endpoint: ImmutableLogServer;
    let shop: Started;
    let address: string;
    let folder: ReturnType<typeof temporaryFolder>;

    beforeEach(async () => {
      endpoint = await startImmutableLogServer();
      folder = temporaryFolder();
      const ledger = { IMTBL_LEDGER_PATH: join(folder.path, 'ledger.db') };
      const env = { IMTBL_API_KEY: endpoint.apiKey, IMTBL_URL: endpoint.url, ...ledger, PORT: '0' };
      shop = start(['node', 'sample-app/dist/main.js', ...flags], { cwd: projectRoot, env });
      address = await shop.seen(/The shop is open: (http:\/\/127\.0\.0\.1:\d+)/);
    }, 30_000);

    afterEach(async () => {
      shop.child.kill('SIGKILL');
      await shop.finished;
      await endpoint.close();
      folder.cleanUp();
    });

    it('delivers the events of all requests before SIGTERM ends it', async () => {
      const ids = Array.from({ length: 40 }, (_, index) => `shutdown-${index}`);
      await Promise.all(
        ids.map(async (id) => {
          const response = await fetch(`${address}/catalogue/tea`, { headers: { 'x-request-id': id } });
          expect(response.headers.get('x-request-id')).toBe(id);
          await response.text();
        }),
      );
      shop.child.kill('SIGTERM');
      const { signal, code } = await shop.finished;

      expect({ signal, code }).toEqual({ signal: 'SIGTERM', code: null });
      expect(endpoint.events.map(({ meta }) => meta['request_id']).sort()).toEqual(ids.sort());
    }, 30_000);
  });
});

describe('the sample app without an API key', () => {
  it('prints the events it would have sent', async () => {
    const folder = temporaryFolder();
    const env = { PORT: '0', IMTBL_LEDGER_PATH: join(folder.path, 'ledger.db') };
    const shop = start(['node', 'sample-app/dist/main.js'], { cwd: projectRoot, env });
    const address = await shop.seen(/The shop is open: (http:\/\/127\.0\.0\.1:\d+)/);
    await fetch(`${address}/catalogue/coffee`);

    await shop.seen(/( http\.GET\.\/catalogue\/:sku +failure +404 )/);

    shop.child.kill('SIGTERM');
    expect((await shop.finished).signal).toBe('SIGTERM');
    folder.cleanUp();
  }, 30_000);
});
