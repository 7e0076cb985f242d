import { startImmutableLogServer } from 'nestjs-immutable-log/testing';
import { createShop } from './create-shop.js';
import { printEvents } from './print-events.js';

/** The shop as a server. With IMTBL_API_KEY its events go to ImmutableLog, without to an endpoint in this process. */
async function main(): Promise<void> {
  if (process.env.IMTBL_API_KEY === undefined) {
    const endpoint = await startImmutableLogServer();
    process.env.IMTBL_API_KEY = endpoint.apiKey;
    process.env.IMTBL_URL = endpoint.url;
    console.log(`No IMTBL_API_KEY: events go to ${endpoint.url} and are printed here.`);
    void printEvents(endpoint);
  }
  const shop = await createShop(process.argv.includes('--fastify') ? 'fastify' : 'express');
  await shop.listen(process.env.PORT ?? 3_000, '127.0.0.1');
  console.log(`The shop is open: ${await shop.getUrl()}/catalogue`);
}

await main();
