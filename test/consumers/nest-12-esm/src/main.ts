import { NestFactory } from '@nestjs/core';
import { ImmutableLogModule } from 'nestjs-immutable-log';
import { openLedger } from 'nestjs-immutable-log/ledger';
import { startImmutableLogServer } from 'nestjs-immutable-log/testing';
import { leafHash, nodeHash, verifyInclusion } from 'nestjs-immutable-log/verify';
import { createRequire } from 'node:module';
import { AppModule } from './app.module.js';

/** That the second of two leaves is in their tree, and is not the first. */
function provesInclusion(): [holds: boolean, moved: boolean] {
  const [first, second] = [leafHash(new Uint8Array([1])), leafHash(new Uint8Array([2]))];
  const root = nodeHash(first, second);
  return [verifyInclusion(1, 2, second, [first], root), verifyInclusion(0, 2, second, [first], root)];
}

/** Runs outside any test runner and prints what arrived, for the one who started it. */
async function main(): Promise<void> {
  const server = await startImmutableLogServer();
  Object.assign(process.env, { AUDIT_URL: server.url, AUDIT_KEY: server.apiKey });
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  const response = await fetch(`${await app.getUrl()}/orders/7`);
  await app.close();
  await server.close();

  const required = createRequire(import.meta.url)('nestjs-immutable-log') as typeof import('nestjs-immutable-log');
  const report = {
    status: response.status,
    sameInstance: required.ImmutableLogModule === ImmutableLogModule,
    events: server.events,
    proved: provesInclusion(),
    opens: typeof openLedger,
  };
  console.log(JSON.stringify(report));
}

await main();
