import { afterEach, describe, expect, it } from '@jest/globals';
import { createImmutableLog, type ImmutableLogService } from 'nestjs-immutable-log';
import { startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { inspect } from 'node:util';
import { optionsFor } from '../../support/audited-app.js';

describe('ImmutableLogService in a log', () => {
  let endpoint: ImmutableLogServer;
  let log: ImmutableLogService;

  afterEach(async () => {
    await log.close(0);
    await endpoint.close();
  });

  it('shows neither the API key nor the headers of a gateway', async () => {
    endpoint = await startImmutableLogServer();
    const headers = { 'x-gateway': 'gateway-secret' };
    log = await createImmutableLog(optionsFor(endpoint, { delivery: { headers } }));
    const owner = { name: 'OrdersService', log };
    for (const shown of [inspect(log, { depth: 12 }), inspect(owner, { depth: 12 }), JSON.stringify(owner)]) {
      expect(shown).not.toContain(endpoint.apiKey);
      expect(shown).not.toContain('gateway-secret');
    }
  });
});
