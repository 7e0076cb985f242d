// Load on one application in `hybrid` mode while everything goes wrong: its process is killed, told to stop and exits, its
// worker thread is ended, the endpoint is slow, fails in every way and is down, the ledger refuses events as on a full
// disk. Then every answered request has to have one event in the ledger or lie in a gap that is accounted for (those of
// the durable route: an event), every event was forwarded once, the ledger verifies, memory is flat; else it ends with 1.
// `npm run build && node test/bench/soak.mjs [--minutes 30] [--rate 150]`
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Clients, Life } from './soak-app.mjs';
import { memoryOf, missingOf, readSoaked, verifySoaked } from './soak-audit.mjs';
import { MOODS, SoakEndpoint } from './soak-endpoint.mjs';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, rate: { type: 'string', default: '150' } },
});
const MINUTES = Number(values.minutes);
const DRAIN_MS = 300_000;
/** More than any disk has free. */
const FULL = { IMTBL_LEDGER_MIN_FREE_BYTES: '1000000000000' };

const folder = mkdtempSync(join(tmpdir(), 'soak-'));
const [path, log] = [join(folder, 'ledger.db'), join(folder, 'app.log')];
const endpoint = new SoakEndpoint();
const env = {
  IMTBL_MODE: 'hybrid',
  IMTBL_API_KEY: 'soak-key',
  IMTBL_URL: await endpoint.start(),
  IMTBL_LEDGER_PATH: path,
  // Small enough to overflow while the worker or the ledger is away.
  IMTBL_DELIVERY_MAX_BUFFERED_EVENTS: '500',
  IMTBL_DELIVERY_TIMEOUT_MS: '1000',
  IMTBL_DELIVERY_CREDENTIAL_PROBE_MS: '1000',
  IMTBL_DELIVERY_QUOTA_PROBE_MS: '1000',
};
const lives = [];
const clients = new Clients({ connections: 24, perSecond: Number(values.rate) });
const moods = new Set();
const began = Date.now();
const until = (share) => began + MINUTES * 60_000 * share;
let over = false;

const endpointMoods = changeMoods();
say('killed, told to stop, exiting');
while (Date.now() < until(0.45)) await shortLife();
say('as on a full disk');
while (Date.now() < until(0.55)) await fullLife();
say('one life');
await longLife(until(1));
over = true;
await endpointMoods;
await clients.stop();
say('drain');
const left = await drain();
await endpoint.close();
await report();

async function shortLife() {
  const life = begin();
  // Some do not even come to listen.
  if (Math.random() < 0.1) await Promise.race([life.listening, sleep(Math.random() * 1_500)]);
  else if (await life.listening) await hurtWorker(life, { until: Date.now() + between(1_000, 20_000), everyMs: 8_000 });
  await end(life, oneOf(['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGTERM', 'exit', 'throw']));
}

/** Then one that finds the disk as it should be. */
async function fullLife() {
  const life = begin(FULL);
  await life.listening;
  await sleep(between(8_000, 15_000));
  await end(life, oneOf(['SIGKILL', 'SIGTERM', 'exit']));
  const next = begin();
  await next.listening;
  await sleep(2_000);
  await next.end('SIGKILL');
}

async function longLife(endsAt) {
  const life = begin();
  await life.listening;
  await hurtWorker(life, { until: endsAt, everyMs: 20_000 });
  await end(life, 'SIGTERM');
}

/** A healthy application without requests. Resolves with what it could not forward. */
async function drain() {
  await endpoint.change('accept');
  const life = begin();
  clients.life = undefined;
  await life.listening;
  const deadline = Date.now() + DRAIN_MS;
  // The status is as old as the last sample.
  for (let empty = 0; empty < 2 && Date.now() < deadline; await sleep(2_500)) {
    empty = life.status?.forwarding?.backlog === 0 ? empty + 1 : 0;
  }
  await end(life, 'SIGTERM');
  return life.status?.forwarding;
}

async function end(life, how) {
  if (how === 'SIGTERM') clients.turnAway();
  await life.end(how);
}

function begin(more = {}) {
  const life = new Life(lives.length, { env: { ...env, ...more }, log });
  lives.push(life);
  clients.life = life;
  return life;
}

async function hurtWorker(life, { until: endsAt, everyMs }) {
  while (life.url && Date.now() < endsAt) {
    await sleep(Math.min(between(everyMs / 4, everyMs * 1.5), endsAt - Date.now()));
    if (Date.now() < endsAt) life.terminateWorker();
  }
}

async function changeMoods() {
  while (!over) {
    // Well half of the time, so that there is something to forward and something to fail.
    const mood = Math.random() < 0.5 ? 'accept' : oneOf(MOODS);
    moods.add(mood);
    await endpoint.change(mood);
    for (const end = Date.now() + between(1_000, 12_000); !over && Date.now() < end;) await sleep(100);
  }
}

async function report() {
  const found = await readSoaked(path);
  const { code, findings } = await verifySoaked(path);
  const missing = missingOf(clients.answered, found);
  const repeated = [...found.requests].filter(([, count]) => count > 1);
  const unforwarded = [...found.ids].filter((id) => !endpoint.taken.has(id));
  const foreign = [...endpoint.taken.keys()].filter((key) => !found.ids.has(key));
  const memory = memoryOf(lives);
  const failures = [
    ...missing.durable.map((id) => `${id} was answered, and has no event`),
    ...missing.unaccounted,
    ...[...repeated, ...found.repeated].map((id) => `${id} has more than one event`),
    ...found.mixed.map((life) => `life ${life} has events in two streams`),
    ...unforwarded.map((id) => `event ${id} was not forwarded`),
    ...foreign.map((id) => `event ${id} was forwarded, and is not in the ledger`),
    ...endpoint.violations,
    ...(left?.rejected ? [`${left.rejected} events were set aside`] : []),
    ...findings,
    ...memory.filter(({ isFlat }) => !isFlat).map(({ number }) => `the memory of life ${number} is not flat`),
    ...lives
      .filter(({ endedBy }) => /late|itself/.test(endedBy))
      .map(({ number, endedBy }) => `life ${number} was ended by ${endedBy}`),
  ];
  print({ found, code, missing, memory });
  for (const failure of failures.slice(0, 20)) console.error(failure);
  if (failures.length === 0) rmSync(folder, { recursive: true });
  else console.error(`${failures.length} things do not hold. Ledger and log are left in ${folder}`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

function print({ found, code, missing, memory }) {
  const statuses = countBy([...clients.answered], ([id, status]) => `${id[0]}${status}`);
  const rows = {
    requests: `${clients.answered.size} answered in ${MINUTES} min (durable ${statuses.d201 ?? 0}, refused with 503 ${statuses.d503 ?? 0})`,
    processes: `${lives.length} (${list(countBy(lives, ({ endedBy }) => endedBy))}), worker thread ended ${lives.reduce((sum, { terminated }) => sum + terminated, 0)} times`,
    endpoint: `${[...moods].join(', ')}; ${endpoint.attempts} attempts`,
    ledger: `${found.ids.size} events, verify ends with ${code}; gaps: ${list(countBy(found.gaps, ({ reason }) => reason))}`,
    missing: `durable ${missing.durable.length}; background ${missing.accounted} in accounted gaps, ${missing.unaccounted.length === 0 ? 'none' : 'some'} outside`,
    forwarded: `${endpoint.taken.size} events under ${endpoint.taken.size} keys`,
    memory:
      memory.map(({ first, last, seconds }) => `${first} MB, then ${last} MB (${seconds} s)`).join('; ') ||
      'no long life',
    machine: `${cpus().length} cores, Node ${process.version}`,
  };
  console.log(`| soak | |\n|---|---|`);
  for (const [name, text] of Object.entries(rows)) console.log(`| ${name} | ${text} |`);
}

function say(what) {
  console.error(`${Math.round((Date.now() - began) / 1_000)} s: ${what}`);
}

function countBy(values, keyOf) {
  const counts = {};
  for (const value of values) counts[keyOf(value)] = (counts[keyOf(value)] ?? 0) + 1;
  return counts;
}

function list(counts) {
  return (
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none'
  );
}

function between(least, most) {
  return least + Math.random() * (most - least);
}

function oneOf(choices) {
  return choices[Math.floor(Math.random() * choices.length)];
}
