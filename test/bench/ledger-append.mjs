// What the ledger takes in: events per second and CPU per event, for 1, 16, 64 and 256 callers at a time, which is as many
// events per commit, with a signature waited for and without; beside it what SQLite alone takes in with the same settings,
// one row of the same size with a unique key per event. The ledger's part ends when all is written: checkpoint, index of
// events, and what its close writes.
// Interleaved rounds after one that does not count; medians with minimum and maximum.
// `npm run build && node test/bench/ledger-append.mjs [rounds] [events]`
import Database from 'better-sqlite3';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../../dist/ledger/open-ledger.js';

const ROUNDS = Number(process.argv[2] ?? 5);
const EVENTS = Number(process.argv[3] ?? 20_000);
const AT_A_TIME = [1, 16, 64, 256];
const VARIANTS = { append: intoLedger('append'), record: intoLedger('record'), sqlite: insertIntoSqlite };
const logger = { log() {}, warn: console.warn, error: console.error };

// The compiler has its say before anything counts.
for (const run of Object.values(VARIANTS)) await measure(run, 256);

for (const atATime of AT_A_TIME) {
  const results = Object.fromEntries(Object.keys(VARIANTS).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(VARIANTS)) results[name].push(await measure(run, atATime));
  }
  const base = median(results.sqlite.map(({ rate }) => rate));
  console.log(`\n${atATime} at a time`);
  for (const [name, measured] of Object.entries(results)) {
    const rates = measured.map(({ rate }) => rate);
    console.log(
      `  ${name.padEnd(7)} ${String(Math.round(median(rates))).padStart(7)} events/s ` +
        `(${Math.round(Math.min(...rates))}-${Math.round(Math.max(...rates))}), ${(median(rates) / base).toFixed(2)} of SQLite; ` +
        `${median(measured.map(({ micros }) => micros)).toFixed(1)} µs CPU, ` +
        `${Math.round(median(measured.map(({ bytes }) => bytes)))} bytes per event`,
    );
  }
}

async function measure(run, atATime) {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-bench-'));
  const path = join(folder, 'ledger.db');
  // One per commit is bound by fsync and needs fewer to be measured.
  const events = Array.from({ length: atATime === 1 ? EVENTS / 5 : EVENTS }, (_, number) => anEvent(number));
  try {
    const { seconds, micros } = await run(path, events, atATime);
    return {
      rate: events.length / seconds,
      micros: micros / events.length,
      bytes: statSync(path).size / events.length,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `append` waits for a signature, as HTTP does; `record` for the commit, as the application's own sink does. */
function intoLedger(method) {
  return async (path, events, atATime) => {
    const ledger = await openLedger({ path, logger, ballastBytes: 0 });
    const stop = stopwatch();
    let next = 0;
    const oneByOne = async () => {
      while (next < events.length) await ledger[method](events[next++]);
    };
    await Promise.all(Array.from({ length: atATime }, oneByOne));
    await ledger.close();
    return stop();
  };
}

async function insertIntoSqlite(path, events, atATime) {
  const database = new Database(path);
  for (const pragma of ['journal_mode = WAL', 'synchronous = FULL', 'secure_delete = ON']) database.pragma(pragma);
  database.exec('CREATE TABLE event (idx INTEGER PRIMARY KEY, key BLOB UNIQUE, payload TEXT, meta TEXT) STRICT');
  const insert = database.prepare('INSERT INTO event VALUES (?, ?, ?, ?)');
  const keys = events.map(() => randomBytes(32));
  const metas = events.map(({ meta }) => JSON.stringify(meta));
  const insertBatch = database.transaction((from, to) => {
    for (let at = from; at < to; at++) insert.run(at, keys[at], events[at].payload, metas[at]);
  });
  const stop = stopwatch();
  for (let at = 0; at < events.length; at += atATime) insertBatch(at, Math.min(at + atATime, events.length));
  database.close();
  return stop();
}

/** A recorded request of about 1.1 KB, payload and meta together. */
function anEvent(number) {
  const id = `0197f000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  const payload = {
    id,
    kind: 'success',
    message: `POST /orders answered 201 in ${number % 90} ms`,
    timestamp: new Date(1_760_000_000_000 + number).toISOString(),
    severity: 'low',
    actor: { id: `user-${number % 500}`, label: 'Ada Lovelace', email: `ada${number % 500}@example.com` },
    context: { ip: '192.0.2.7', user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' },
    request: { request_id: id, method: 'POST', path: '/orders', route: '/orders', query_params: {} },
    metrics: { latency_ms: number % 90, status_code: 201 },
    success: { status_code: 201, result: 'ok' },
    data: { note: 'x'.repeat(120) },
  };
  const meta = {
    type: 'success',
    event_name: 'http.POST./orders',
    service: 'shop',
    request_id: id,
    environment: 'production',
    env: 'production',
    trace_id: id,
    log_level: 'info',
    http_method: 'POST',
    http_status: '201',
    http_route: '/orders',
    client_ip: '192.0.2.7',
  };
  return { source: 'ak_bench', payload: JSON.stringify(payload), meta, idempotencyKey: id };
}

function stopwatch() {
  const start = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { seconds: Number(process.hrtime.bigint() - start) / 1e9, micros: user + system };
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
