import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createImmutableLog, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { join } from 'node:path';
import { databaseSource, openLedger, verifyLedger } from '../../../lib/ledger/index.js';
import { eventually } from '../../support/eventually.js';
import { KeptLines, temporaryFolder } from '../../support/ledger.js';

const hostile = {
  toJSON: () => {
    throw new Error('no');
  },
};

/** `data` of the events that tell of lost ones. */
function gapsAmong(
  events: readonly { readonly payload?: string | undefined; readonly name: string | undefined }[],
): unknown[] {
  const told = events.filter(({ name }) => name === 'audit.gap');
  return told.map(({ payload }) => (JSON.parse(payload ?? '{}') as { data: unknown }).data);
}

describe('events that are lost', () => {
  let server: ImmutableLogServer;
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;

  beforeEach(async () => {
    server = await startImmutableLogServer();
    folder = temporaryFolder();
    path = join(folder.path, 'ledger.db');
  });
  afterEach(async () => {
    await server.close();
    folder.cleanUp();
  });

  const options = (mode: 'local' | 'hybrid' | 'remote'): ImmutableLogOptions => ({
    mode,
    ...(mode === 'local' ? {} : { apiKey: server.apiKey, apiUrl: server.url }),
    // An allowlist must not take away which events are lost.
    redaction: { allowlist: ['number'] },
    ledger: { path, ballastBytes: 0 },
    delivery: { worker: false, maxBufferedEvents: 5, flushIntervalMs: 1, retryBaseMs: 2, retryCapMs: 10 },
  });

  const lost = { stream: expect.any(String), from: 5, to: 19, count: 15, reason: 'buffer_full' };

  async function kept(): Promise<{ name: string | undefined; payload: string | undefined }[]> {
    const ledger = await openLedger({ path, readOnly: true, logger: new KeptLines() });
    const { events } = await ledger.query({}, { order: 'oldest', limit: 1_000 });
    await ledger.close();
    return events.map(({ meta, payload }) => ({ name: meta?.['event_name'], payload }));
  }

  it.each(['local', 'hybrid'] as const)('are told of in the ledger, which verifies: mode %s', async (mode) => {
    const log = await createImmutableLog(options(mode));
    for (let number = 0; number < 20; number++) log.record('work.done', { number });
    await eventually(() => expect(log.status().gaps).toEqual({ pending: 0, written: 1 }));
    log.record('work.done', hostile);
    await log.close();

    const events = await kept();
    expect(gapsAmong(events)).toEqual([lost]);
    expect(events).toHaveLength(7);
    const report = await verifyLedger(databaseSource(path), { content: true });
    expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(report.findings.map(({ code, message }) => [code, message])).toContainEqual([
      'STREAM_GAP',
      expect.stringContaining('5..19: lost (buffer_full), as entry'),
    ]);
  });

  it.each(['hybrid', 'remote'] as const)('are told of at the API: mode %s', async (mode) => {
    const log = await createImmutableLog(options(mode));
    for (let number = 0; number < 20; number++) log.record('work.done', { number });
    await eventually(() => expect(server.events).toHaveLength(6), 10_000);
    await log.close();
    const events = server.events.map(({ meta, payload }) => ({ name: meta['event_name'], payload }));
    expect(gapsAmong(events)).toEqual([lost]);
    expect(log.status()).toMatchObject({ dropped: { buffer_full: 15 }, gaps: { pending: 0, written: 1 } });
  });
});
