import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { createImmutableLog, type ImmutableLogOptions, type ImmutableLogService } from 'nestjs-immutable-log';
import { answers, drain, startImmutableLogServer, type ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { createHash } from 'node:crypto';
import { optionsFor } from '../../support/audited-app.js';

describe('ImmutableLogService without a NestJS application', () => {
  let endpoint: ImmutableLogServer;
  let log: ImmutableLogService;

  beforeEach(async () => {
    endpoint = await startImmutableLogServer();
  });
  afterEach(async () => {
    await log.close(0);
    await endpoint.close();
  });
  const open = async (options: ImmutableLogOptions = {}) =>
    (log = await createImmutableLog(optionsFor(endpoint, options)));

  it('records an event at once and delivers it with payload, kind and names of the contract', async () => {
    await open();
    const { id } = log.record(
      'invoice.sent',
      { invoice: 17, password: 'hunter2' },
      {
        kind: 'success',
        message: 'Invoice 17 sent',
        actor: { id: 'mailer', type: 'service' },
        tenant: 'acme',
        trail: 'invoice:17',
      },
    );
    await drain(log);
    const [recorded] = endpoint.events;
    expect(recorded?.idempotencyKey).toBe(id);
    expect(recorded?.meta).toEqual({
      type: 'success',
      event_name: 'invoice.sent',
      service: 'shop',
      request_id: id,
      environment: 'test',
      env: 'test',
      trace_id: id,
      immutable_trail: 'invoice-17',
      log_level: 'info',
    });
    expect(recorded?.event).toEqual({
      id,
      kind: 'success',
      message: 'Invoice 17 sent',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      severity: 'low',
      outcome: 'success',
      actor: { id: 'mailer', type: 'service' },
      tenant: 'acme',
      success: { result: 'processed' },
      data: { invoice: 17, password: '[REDACTED]' },
    });
  });

  it('records an exception like a failed call', async () => {
    await open();
    log.record('import.failed', { rows: 3 }, { error: new RangeError('row 2') });
    await drain(log);
    expect(endpoint.events[0]?.meta).toMatchObject({ type: 'error', error_type: 'RangeError', error_message: 'row 2' });
  });

  it("gives the receipt with guarantee 'confirmed'", async () => {
    await open();
    const receipt = await log.record('payout.approved', { amount: 5 }, { guarantee: 'confirmed' });
    const [recorded] = endpoint.events;
    expect(receipt).toMatchObject({ txId: recorded?.txId, duplicate: false });
    expect(receipt.payloadHash).toContain(
      createHash('sha256')
        .update(recorded?.payload ?? '')
        .digest('hex'),
    );
  });

  it('tells why a confirmed event was not delivered', async () => {
    await open();
    endpoint.script(answers.unprocessable({ reason: 'idempotency_key_reused' }));
    const refused = log.record('payout.approved', {}, { guarantee: 'confirmed' });
    await expect(refused).rejects.toMatchObject({
      code: 'IML_REJECTED',
      status: 422,
      reason: 'idempotency_key_reused',
    });
  });

  it('records a batch with a result for each event, in order', async () => {
    await open({ delivery: { concurrency: 1 } });
    endpoint.script(answers.accept(), answers.badRequest(), answers.accept());
    const events = ['a', 'b', 'c'].map((name) => ({ name: `batch.${name}`, payload: { name } }));
    const results = await log.recordBatch(events);
    expect(results.map(({ event }) => event)).toEqual(events);
    expect(results.map((result) => ('txId' in result ? 'sent' : result.error.code))).toEqual([
      'sent',
      'IML_REJECTED',
      'sent',
    ]);
    const [first] = results;
    expect(first && 'txId' in first ? first.txId : undefined).toBe(endpoint.events[0]?.txId);
  });

  it('throws at nobody for what cannot be read of an event or its options', async () => {
    await open();
    const unreadable = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
        get: () => {
          throw new Error('no');
        },
      },
    );
    expect(log.record('with.null', {}, null as never).id).toBeDefined();
    expect(log.record('with.proxy', {}, unreadable).id).toBeDefined();
    const results = await log.recordBatch([null, unreadable, { name: 'fine' }] as never);
    expect(results.map((result) => ('txId' in result ? 'sent' : result.error.code))).toEqual([
      'IML_NOT_RECORDED',
      'IML_NOT_RECORDED',
      'sent',
    ]);
    await drain(log);
    const names = endpoint.events.map(({ meta }) => meta['event_name']);
    expect(names).toEqual(expect.arrayContaining(['with.null', 'with.proxy', 'fine']));
  });

  describe('where the guarantee is none of the three, or a batch no list,', () => {
    const warnings: string[] = [];

    beforeEach(() => {
      const ignore = (): void => undefined;
      const warn = (text: unknown): void => void warnings.push(String(text));
      Logger.overrideLogger({ log: ignore, error: ignore, fatal: ignore, warn });
    });
    afterEach(() => {
      warnings.length = 0;
      Logger.overrideLogger(false);
    });
    const choices = "it must be one of 'background', 'durable', 'confirmed'";

    it('records in the background, and says once what it may be', async () => {
      await open();
      expect(log.record('payout.a', {}, { guarantee: 'durrable' as never })).toEqual({ id: expect.any(String) });
      expect(log.record('payout.b', {}, { guarantee: null as never })).toEqual({ id: expect.any(String) });
      await drain(log);
      expect(endpoint.events.map(({ meta }) => meta['event_name'])).toEqual(['payout.a', 'payout.b']);
      expect(log.status()).toMatchObject({ recorded: 2, contained: 2 });
      expect(warnings).toEqual([expect.stringContaining(`guarantee is 'durrable': ${choices}`)]);
    });

    it('waits for a batch as usual, and says so', async () => {
      await open();
      const [result] = await log.recordBatch([{ name: 'batch.a' }], { guarantee: 'later' as never });
      expect(result).toMatchObject({ txId: endpoint.events[0]?.txId });
      expect(log.status().contained).toBe(1);
      expect(warnings).toEqual([expect.stringContaining(`guarantee is 'later': ${choices}`)]);
    });

    it('resolves to nothing where there are no events, and rejects for nobody', async () => {
      await open();
      expect(await log.recordBatch(undefined as never)).toEqual([]);
      expect(await log.recordBatch(7 as never, null as never)).toEqual([]);
      expect(log.status()).toMatchObject({ recorded: 0, contained: 2 });
      expect(warnings).toEqual([expect.stringContaining('reading the events of a batch failed')]);
    });
  });

  it('sends a batch with as many requests at the same time as configured', async () => {
    await open({ delivery: { concurrency: 4, bufferLength: 1 } });
    endpoint.always(answers.slow(20));
    const events = Array.from({ length: 40 }, (_, index) => ({ name: 'row', payload: { index } }));
    const results = await log.recordBatch(events);
    expect(results.every((result) => 'txId' in result)).toBe(true);
    expect(endpoint.events).toHaveLength(40);
  });

  it('wraps plain functions, sync and async', async () => {
    await open();
    const double = log.wrap('math.double', (value: number) => value * 2);
    const later = log.wrap({ name: 'math.later', kind: 'warning' }, async (value: number) => Promise.resolve(value));
    const broken = log.wrap('math.broken', () => {
      throw new Error('no');
    });
    expect(double(21)).toBe(42);
    expect(await later(7)).toBe(7);
    expect(broken).toThrow('no');
    await drain(log);
    expect(endpoint.events.map(({ meta }) => [meta['event_name'], meta['type']])).toEqual([
      ['math.double', 'success'],
      ['math.later', 'warning'],
      ['math.broken', 'error'],
    ]);
  });

  it('holds events back until bufferLength are there, and sends the rest after flushIntervalMs', async () => {
    await open({ delivery: { bufferLength: 3, flushIntervalMs: 60_000 } });
    log.record('one');
    log.record('two');
    expect(log.status()).toMatchObject({ waiting: 2, delivered: 0 });
    log.record('three');
    await endpoint.waitFor(3);
    log.record('four');
    expect(await log.flush()).toMatchObject({ pending: 0 });
    expect(endpoint.events).toHaveLength(4);
  });

  it('never throws and loses no event over a name or payload that is none', async () => {
    await open();
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('trap');
        },
      },
    );
    log.record('');
    log.record(undefined as never, 'text' as never);
    log.record('hostile', hostile);
    await drain(log);
    expect(endpoint.events).toHaveLength(3);
    expect(log.status()).toMatchObject({ recorded: 3, delivered: 3, contained: 0, state: 'ok' });
  });

  it('counts what it had to drop', async () => {
    await open({ delivery: { maxBufferedEvents: 2, bufferLength: 100, flushIntervalMs: 60_000 } });
    for (let event = 0; event < 5; event++) log.record(`e${String(event)}`);
    expect(log.status().dropped).toEqual({ buffer_full: 3 });
    await log.flush();
    expect(endpoint.events.map(({ meta }) => meta['event_name'])).toEqual(['e0', 'e1']);
  });

  it('marks development events and keeps them apart', async () => {
    await open({ development: true, env: undefined });
    log.record('try.out');
    await drain(log);
    const [recorded] = endpoint.events;
    expect(recorded?.meta).toMatchObject({ environment: 'development', env: 'development', development: 'true' });
    expect(recorded?.event['development']).toBe(true);
  });

  it('sends through the application’s own client with the client’s own credentials', async () => {
    const { default: axios } = await import('axios');
    const { HttpService } = await import('@nestjs/axios');
    const client = new HttpService(
      axios.create({
        baseURL: endpoint.url,
        headers: { Authorization: `Bearer ${endpoint.apiKey}`, 'X-Gateway': 'eu' },
      }),
    );
    log = await createImmutableLog({ mode: 'remote', client, delivery: { flushIntervalMs: 5 } });
    log.record('through.client');
    await drain(log);
    expect(endpoint.events[0]?.headers).toMatchObject({ 'x-gateway': 'eu' });
    expect(endpoint.events[0]?.meta['event_name']).toBe('through.client');
  });
});
