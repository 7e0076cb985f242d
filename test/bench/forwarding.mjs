// Events per second that the remote sink forwards to a local endpoint, against bare undici requests of the same bytes.
// Interleaved rounds, median with minimum and maximum, because absolute figures drift. Needs a build:
//   npm run build && node test/bench/forwarding.mjs [path of the build]
import { createServer } from 'node:http';
import { fork } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { Pool } from 'undici';

const EVENTS = 10_000;
const ROUNDS = 5;
const CONCURRENCY = 16;

if (process.send) serve();
else await compare(resolve(process.argv[2] ?? fileURLToPath(new URL('../../dist', import.meta.url))));

/** The endpoint, in a process of its own. */
function serve() {
  const receipt = JSON.stringify({ ok: true, tx_id: 'tx', status: 'accepted', duplicate: false });
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.writeHead(202, { 'Content-Type': 'application/json' }).end(receipt));
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.once('disconnect', () => process.exit());
}

async function compare(build) {
  const load = (path) => import(pathToFileURL(resolve(build, path)).href);
  const { createRemoteSink } = await load('delivery/create-remote-sink.js');
  const { DeliveryOptions } = await load('delivery/delivery.options.js');
  const endpoint = fork(fileURLToPath(import.meta.url));
  const port = await new Promise((done) => endpoint.once('message', done));
  const url = `http://127.0.0.1:${port}`;
  const contestants = { 'remote sink': forwardWith(createRemoteSink, DeliveryOptions), undici: forwardBare };
  const rates = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (const forward of Object.values(contestants)) await forward(url);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, forward] of Object.entries(contestants)) rates[name].push(await forward(url));
  }
  for (const [name, values] of Object.entries(rates)) console.log(name.padEnd(12), summary(values), 'events/s');
  console.log('ratio'.padEnd(12), (median(rates['remote sink']) / median(rates.undici)).toFixed(2));
  endpoint.disconnect();
}

function forwardWith(createRemoteSink, DeliveryOptions) {
  const logger = { log() {}, warn: console.warn, error: console.error };
  return async (apiUrl) => {
    const limits = { maxBufferedEvents: EVENTS, concurrency: CONCURRENCY, bufferLength: 10_000 };
    const delivery = Object.assign(new DeliveryOptions(), limits);
    const sink = await createRemoteSink({ apiKey: 'bench-key', apiUrl, delivery, logger, selfToken: 'bench' });
    const events = Array.from({ length: EVENTS }, (_, number) => anEvent(number));
    const started = performance.now();
    for (const event of events) sink.append(event);
    const { delivered } = await sink.flush(60_000);
    const rate = perSecond(delivered, started);
    await sink.close(1_000);
    return rate;
  };
}

async function forwardBare(url) {
  const pool = new Pool(url, { connections: CONCURRENCY });
  const bodies = Array.from({ length: EVENTS }, (_, number) => {
    const { payload, meta } = anEvent(number);
    return JSON.stringify({ payload, meta });
  });
  const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer bench-key' };
  const started = performance.now();
  const lanes = Array.from({ length: CONCURRENCY }, async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      const answer = await pool.request({ path: '/v1/events', method: 'POST', headers, body });
      await answer.body.text();
    }
  });
  await Promise.all(lanes);
  const rate = perSecond(EVENTS, started);
  await pool.close();
  return rate;
}

/** About 1 KB, as an event of a request is. */
function anEvent(number) {
  const id = `01890000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  const payload = JSON.stringify({ id, kind: 'success', message: 'x'.repeat(900) });
  return {
    id,
    name: 'bench',
    kind: 'success',
    payload,
    meta: { type: 'success', event_name: 'bench', request_id: id },
  };
}

function perSecond(count, started) {
  return (count / (performance.now() - started)) * 1_000;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function summary(values) {
  const [low, middle, high] = [Math.min(...values), median(values), Math.max(...values)].map((value) =>
    Math.round(value),
  );
  return `${middle} (${low} to ${high})`;
}
