import { Logger } from '@nestjs/common';
import { drain, startImmutableLogServer } from 'nestjs-immutable-log/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createShop } from './create-shop.js';
import { checkLedger } from './demo/check-ledger.js';
import { differences, leaks } from './demo/differences.js';
import { ShopClient } from './demo/shop-client.js';
import type { Answer } from './demo/shop-client.js';
import { SECRETS, STEPS } from './demo/steps.js';
import { tableOf } from './demo/table.js';

/** Sends the shop requests of every outcome and compares the audit trail with them. Returns what is not as it must be. */
async function demo(platform: string): Promise<string[]> {
  const endpoint = await startImmutableLogServer();
  process.env.IMTBL_API_KEY = endpoint.apiKey;
  process.env.IMTBL_URL = endpoint.url;
  const folder = await mkdtemp(join(tmpdir(), 'shop-'));
  const path = join(folder, 'audit', 'ledger.db');
  process.env.IMTBL_LEDGER_PATH = path;
  // The shop's own log would only repeat what the table shows.
  Logger.overrideLogger(['fatal']);
  const shop = await createShop(platform);
  await shop.listen(0, '127.0.0.1');
  console.log(`The shop runs on ${platform} at ${await shop.getUrl()}, the endpoint at ${endpoint.url}.\n`);

  const client = new ShopClient(await shop.getUrl());
  const answers: Answer[] = [];
  for (const step of STEPS) answers.push(await client.send(step.send));
  client.close();
  await drain(shop);
  await shop.close();
  await endpoint.close();

  console.log(tableOf(endpoint.events));
  const expected = STEPS.flatMap(({ expect }) => ('skipped' in expect ? [] : [1 + (expect.also?.length ?? 0)]));
  const total = expected.reduce((sum, events) => sum + events, 0);
  console.log(`\n${STEPS.length} requests, ${expected.length} to be recorded, ${endpoint.events.length} events.`);
  const wrong = await checkLedger(path);
  await rm(folder, { recursive: true });
  return [
    ...wrong,
    ...STEPS.flatMap((step, index) => differences(step, answers[index] as Answer, endpoint.events)),
    ...(endpoint.events.length === total ? [] : [`${endpoint.events.length} events instead of ${total}`]),
    ...leaks([...SECRETS, ...client.secrets, endpoint.apiKey], endpoint.events),
  ];
}

const found = await demo(process.argv.includes('--fastify') ? 'fastify' : 'express');
for (const difference of found) console.error(`- ${difference}`);
console.log(
  found.length === 0
    ? 'Every request has its one event, no event tells a secret, and no change goes unnoticed.'
    : 'The trail is wrong.',
);
process.exitCode = found.length === 0 ? 0 : 1;
