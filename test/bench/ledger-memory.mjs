// Memory of a process that appends for long, and of one whose callers come faster than the disk: resident and on the heap,
// as events go by. `npm run build && node --expose-gc test/bench/ledger-memory.mjs [events]`
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../../dist/ledger/open-ledger.js';

const EVENTS = Number(process.argv[2] ?? 500_000);
const STEPS = 10;
const AT_A_TIME = 64;
const PAYLOAD = JSON.stringify({ message: 'POST /orders answered 201', note: 'x'.repeat(900) });
const logger = { log() {}, warn: console.warn, error: console.error };

const folder = mkdtempSync(join(tmpdir(), 'ledger-bench-'));
try {
  const ledger = await openLedger({ path: join(folder, 'ledger.db'), logger, ballastBytes: 0 });
  console.log(`    events     RSS    heap  external  events/s  (${AT_A_TIME} callers, about 1 KB each)`);
  for (let step = 0; step <= STEPS; step++) {
    const done = (EVENTS / STEPS) * step;
    const rate = step === 0 ? 0 : await append(ledger, done - EVENTS / STEPS, done);
    show(done, rate);
  }
  await overload(ledger);
  await ledger.close();
} finally {
  rmSync(folder, { recursive: true });
}

async function append(ledger, from, to) {
  const start = performance.now();
  let next = from;
  const caller = async () => {
    while (next < to) await ledger.append(anEvent(next++));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, caller));
  return (to - from) / ((performance.now() - start) / 1_000);
}

/** More at once than may wait: the rest is refused. */
async function overload(ledger) {
  const payload = JSON.stringify({ note: 'x'.repeat(20_000) });
  const given = Array.from({ length: 20_000 }, (_, number) => ledger.append({ ...anEvent(-1 - number), payload }));
  const { rss } = process.memoryUsage();
  const results = await Promise.allSettled(given);
  const refused = results.filter(({ status }) => status === 'rejected').length;
  console.log(
    `20,000 events of 20 KB at once: ${refused} refused, ${results.length - refused} kept, ${megabytes(rss)} MB resident`,
  );
}

function show(events, rate) {
  global.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const cells = [rss, heapUsed, external].map((bytes) => `${megabytes(bytes).padStart(5)} MB`);
  console.log(`${String(events).padStart(10)} ${cells.join('')} ${String(Math.round(rate)).padStart(9)}`);
}

function megabytes(bytes) {
  return String(Math.round(bytes / 1e6));
}

function anEvent(number) {
  return { source: 'ak_bench', payload: PAYLOAD, meta: { type: 'info' }, idempotencyKey: `key-${number}` };
}
