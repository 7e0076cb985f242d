// How fast a ledger is verified, beside what one core does of raw SHA-256 over as many events of the same size, and what
// memory it takes, also for a tenth of the events: `tree` is every tile and entry, `content` also payloads, meta and all
// that is derived from them, each in the calling thread and in two others. Each measurement is a process of its own;
// interleaved rounds, medians. Raw SHA-256 hardly touches memory: beside other work it slows down less than the rest.
// `npm run build && node test/bench/ledger-verify.mjs [events] [rounds]`
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { databaseSource } from '../../dist/ledger/audit/sources/database-source.js';
import { verifyLedger } from '../../dist/ledger/audit/verify-ledger.js';
import { growLedger, indexLedger } from '../support/grow-ledger.mjs';

const EVENT_BYTES = 1_024;
const SIZE_SHOWN = 9;
const KINDS = { tree: [1, 2], content: [1, 2] };
const [task, path, count, workers] = process.argv.slice(2);

if (task === 'raw') report(rawHashes(Number(count)));
else if (task in KINDS) report(await verify(path, { content: task === 'content', workers: Number(workers) }));
else await compare(Number(task ?? 1_000_000), Number(path ?? 3));

async function compare(events, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-bench-'));
  try {
    const ledgers = [events / 10, events].map((size) => ({ size, file: join(folder, `${size}.db`) }));
    for (const { size, file } of ledgers) await build(file, size);
    const results = {};
    for (let round = 0; round < rounds; round++) {
      (results[`raw ${events}`] ??= []).push(measure('raw', '-', [events]));
      for (const { size, file } of ledgers) {
        for (const [kind, threads] of Object.entries(KINDS)) {
          for (const workers of threads) {
            (results[`${kind}/${workers} ${size}`] ??= []).push(measure(kind, file, [size, workers]));
          }
        }
      }
    }
    show(results, `raw ${events}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function build(file, size) {
  const start = performance.now();
  await growLedger(file, size, anEvent);
  await indexLedger(file);
  const seconds = (performance.now() - start) / 1_000;
  const bytes = Math.round(statSync(file).size / size);
  console.log(`${size} events built in ${seconds.toFixed(0)} s, ${bytes} bytes each on disk`);
}

function measure(kind, file, numbers) {
  const self = fileURLToPath(import.meta.url);
  return JSON.parse(execFileSync(process.execPath, [self, kind, file, ...numbers.map(String)], { encoding: 'utf8' }));
}

function show(results, base) {
  const raw = median(results[base].map(({ cpuRate }) => cpuRate));
  console.log('\n                     events/s  (min-max)             per CPU second  of raw SHA-256  peak RSS');
  for (const [name, measured] of Object.entries(results)) {
    const rates = measured.map(({ rate }) => rate);
    const cpu = median(measured.map(({ cpuRate }) => cpuRate));
    const megabytes = Math.round(Math.max(...measured.map(({ rss }) => rss)) / 1e6);
    const range = `(${Math.round(Math.min(...rates))}-${Math.round(Math.max(...rates))})`;
    console.log(
      `${name.padEnd(18)} ${String(Math.round(median(rates))).padStart(SIZE_SHOWN)}  ${range.padEnd(20)} ` +
        `${String(Math.round(cpu)).padStart(14)} ${(cpu / raw).toFixed(2).padStart(15)} ${String(megabytes).padStart(6)} MB`,
    );
  }
}

function rawHashes(events) {
  const event = Buffer.alloc(EVENT_BYTES, 'x');
  const stop = stopwatch();
  for (let at = 0; at < events; at++) {
    event.writeUInt32LE(at);
    hash('sha256', event, 'binary');
  }
  return stop(events);
}

async function verify(file, options) {
  const source = await databaseSource(file);
  const stop = stopwatch();
  // Not the system's own maximum: a child begins with that of its parent.
  let rss = 0;
  const onProgress = ({ done }) => (done / 256) % 100 === 0 && (rss = Math.max(rss, process.memoryUsage.rss()));
  const { findings, entries } = await verifyLedger(source, { ...options, onProgress });
  const measured = { ...stop(entries), rss: Math.max(rss, process.memoryUsage.rss()) };
  await source.close();
  const bad = findings.filter(({ severity }) => severity !== 'info');
  if (bad.length > 0) throw new Error(`what was built is not sound: ${JSON.stringify(bad[0])}`);
  return measured;
}

function stopwatch() {
  const start = process.hrtime.bigint();
  const before = process.cpuUsage();
  return (events) => {
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const { user, system } = process.cpuUsage(before);
    return { rate: events / seconds, cpuRate: events / ((user + system) / 1e6) };
  };
}

function report(measured) {
  console.log(JSON.stringify({ rss: process.memoryUsage.rss(), ...measured }));
}

/** Payload and meta together are of the size of an event. */
function anEvent(number) {
  const id = `0197f000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  const payload = {
    id,
    kind: 'success',
    message: `POST /orders answered 201 in ${number % 90} ms`,
    actor: { id: `user-${number % 500}`, email: `ada${number % 500}@example.com` },
    context: { ip: '192.0.2.7', user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' },
    request: { request_id: id, method: 'POST', path: '/orders', route: '/orders', query_params: {} },
    metrics: { latency_ms: number % 90, status_code: 201 },
    data: { note: 'x'.repeat(200) },
  };
  const meta = {
    type: 'success',
    event_name: 'http.POST./orders',
    service: 'shop',
    request_id: id,
    http_status: '201',
  };
  return { source: 'ak_bench', payload: JSON.stringify(payload), meta, idempotencyKey: id };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
