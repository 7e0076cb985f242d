import { Logger, type INestApplication } from '@nestjs/common';
import { drain, startImmutableLogServer } from 'nestjs-immutable-log/testing';
import type { RecordedEvent } from 'nestjs-immutable-log/testing';
import { createShop } from '../../../sample-app/create-shop.js';
import { withEnvironment } from './with-environment.js';
import { compactJson } from './compact-json.js';

const SOLD_OUT = {
  items: [{ sku: 'kettle', quantity: 2 }],
  card: { number: '4111 1111 1111 1111', holder: 'Ada' },
};

/** The event of a purchase in the sample app of what is sold out, as JSON for people; what differs from run to run is replaced. */
export async function sampleEvent(): Promise<string> {
  const { event, meta } = await recordPurchase();
  const id = '019bc0ec-2f59-7c4a-9d3b-5e8f7a6b1c20';
  const payload = {
    ...replace(event, { id, timestamp: '2026-01-15T09:30:12.345Z' }),
    request: replace(event.request, { host: 'localhost:3000' }),
    metrics: replace(event.metrics, { latency_ms: 8.027, handler_latency_ms: 5.422 }),
  };
  return compactJson({ payload, meta: replace(meta, { trace_id: id }) });
}

async function recordPurchase(): Promise<RecordedEvent> {
  const endpoint = await startImmutableLogServer();
  const settings = { IMTBL_API_KEY: endpoint.apiKey, IMTBL_URL: endpoint.url, IMTBL_ENV: 'production' };
  const environment = { ...settings, IMTBL_MODE: 'remote' };
  await withEnvironment(environment, async () => {
    Logger.overrideLogger(false);
    const shop = await createShop('express');
    await shop.listen(0, '127.0.0.1');
    await buy(shop);
    await drain(shop);
    await shop.close();
  });
  await endpoint.close();
  return endpoint.one({ name: 'payment.checkout' });
}

async function buy(shop: INestApplication): Promise<void> {
  const url = await shop.getUrl();
  const post = (path: string, json: object, headers: Record<string, string>): Promise<Response> =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'curl/8.5.0', ...headers },
      body: JSON.stringify(json),
    });
  const login = await post('/auth/login', { email: 'ada@example.com', password: 'correct horse battery' }, {});
  const { token } = (await login.json()) as { token: string };
  await post('/checkout?coupon=SPRING', SOLD_OUT, { authorization: `Bearer ${token}`, 'x-request-id': 'r-4711' });
}

/** A copy with other values at members that are there, in their order. */
function replace<T extends object>(object: T | undefined, values: Partial<T>): T {
  const missing = Object.keys(values).filter((name) => !Object.hasOwn(object ?? {}, name));
  if (object === undefined || missing.length > 0) throw new Error(`The sample event has no ${missing.join(', ')}`);
  return { ...object, ...values };
}
