// What auditing costs a request: CPU time of the application's process per request and throughput, for
// nothing, an empty global interceptor, the module with its ledger in the background and with every answer held for it,
// and the module sending to a local endpoint. Interleaved rounds; medians with minimum and maximum.
// `npm run build && node test/bench/http.mjs [rounds] [requests] [variants, e.g. plain,local,durable]`
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Client } from 'undici';

const ROUNDS = Number(process.argv[2] ?? 5);
const REQUESTS = Number(process.argv[3] ?? 20_000);
const VARIANTS = process.argv[4]?.split(',') ?? ['plain', 'interceptor', 'local', 'durable', 'remote'];
const APP = fileURLToPath(new URL('http-app.mjs', import.meta.url));

const endpoint = createServer((request, response) => {
  request.resume().once('end', () => {
    response.writeHead(202, { 'content-type': 'application/json' });
    response.end('{"ok":true,"tx_id":"tx_bench","status":"accepted","duplicate":false}');
  });
});
await new Promise((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
const endpointUrl = `http://127.0.0.1:${endpoint.address().port}`;

for (const platform of ['express', 'fastify']) {
  for (const method of ['GET', 'POST']) await compare(platform, method);
}
endpoint.close();
endpoint.closeAllConnections();

async function compare(platform, method) {
  const apps = {};
  for (const variant of VARIANTS) apps[variant] = await start(platform, variant);
  const results = Object.fromEntries(VARIANTS.map((variant) => [variant, []]));
  for (const variant of VARIANTS) await load(apps[variant], method, REQUESTS / 4);
  for (let round = 0; round < ROUNDS; round++) {
    for (const variant of VARIANTS) results[variant].push(await load(apps[variant], method, REQUESTS));
  }
  const base = median(results.plain.map(({ micros }) => micros));
  const baseRate = median(results.plain.map(({ rate }) => rate));
  console.log(`\n${platform} ${method}`);
  for (const variant of VARIANTS) {
    const micros = results[variant].map((result) => result.micros);
    const rate = median(results[variant].map((result) => result.rate));
    console.log(
      `  ${variant.padEnd(12)} ${median(micros).toFixed(1).padStart(7)} µs CPU/request ` +
        `(${Math.min(...micros).toFixed(1)}-${Math.max(...micros).toFixed(1)}), +${(median(micros) - base).toFixed(1)}; ` +
        `${Math.round(rate)} requests/s, ${(rate / baseRate).toFixed(2)} of plain`,
    );
    apps[variant].child.kill();
  }
}

async function start(platform, variant) {
  const child = fork(APP, [platform, variant, endpointUrl], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const { port } = await new Promise((resolve) => child.once('message', resolve));
  return { child, url: `http://127.0.0.1:${port}` };
}

async function load({ child, url }, method, requests) {
  const options = { path: '/items', method, headers: { 'content-type': 'application/json' } };
  const body = method === 'POST' ? JSON.stringify({ name: 'shoe', price: 79.9, tags: ['red', 'new'] }) : undefined;
  const before = await cpu(child);
  const startedAt = performance.now();
  let left = requests;
  const clients = Array.from({ length: 32 }, () => new Client(url));
  await Promise.all(
    clients.map(async (client) => {
      while (left-- > 0) await (await client.request({ ...options, body })).body.dump();
      await client.close();
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  return { micros: ((await cpu(child)) - before) / requests, rate: requests / seconds };
}

function cpu(child) {
  child.send('cpu');
  return new Promise((resolve) => child.once('message', ({ cpuMicros }) => resolve(cpuMicros)));
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
