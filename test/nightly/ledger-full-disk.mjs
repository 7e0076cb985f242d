// Fills the disk of a ledger, again and again: SQLite's own limit of pages, and, where this process may mount one, a small
// file system that another file fills up while events arrive, the ledger is closed, and opened.
// `npm run build && node test/nightly/ledger-full-disk.mjs [rounds]`
import Database from 'better-sqlite3';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
  appendFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLedger } from '../../dist/ledger/open-ledger.js';
import { auditLedger } from '../support/audit-ledger.mjs';
import { Callers, until } from '../support/ledger-callers.mjs';

const ROUNDS = Number(process.argv[2] ?? 20);
const MEGABYTE = 1024 * 1024;
const BALLAST = 4 * MEGABYTE;
const FLOOR = 2 * MEGABYTE;

const folder = mkdtempSync(join(tmpdir(), 'ledger-full-'));
const logger = { log() {}, warn() {}, error() {} };
const violations = [];
await limitPages(join(folder, 'pages.db'));
await fillDisk(join(folder, 'disk'));
for (const violation of violations) console.error(violation);
if (violations.length === 0) rmSync(folder, { recursive: true });
else console.error(`The ledger is left in ${folder}`);
process.exitCode = violations.length === 0 ? 0 : 1;

/** `max_page_count`: a few more pages in each round. */
async function limitPages(path) {
  let limit;
  const connections = new Set();
  const openSqlite = (file, { readonly }) => {
    const database = new Database(file, { readonly, timeout: 5_000 });
    connections.add(database);
    if (limit !== undefined) database.pragma(`max_page_count = ${limit}`);
    return database;
  };
  const client = new Callers(await openLedger({ path, logger, openSqlite, ballastBytes: 0 }));
  for (let round = 1; round <= ROUNDS; round++) {
    limit = Number(new Database(path, { readonly: true }).pragma('page_count', { simple: true })) + 7 * round;
    for (const database of connections) if (database.open) database.pragma(`max_page_count = ${limit}`);
    client.work();
    await until(() => client.refusals > 0, 'the limit of pages was not met');
    limit = undefined;
    for (const database of connections) if (database.open) database.pragma('max_page_count = 1000000000');
    await client.goesOn();
    await client.rest();
  }
  await finish(path, [client], `${ROUNDS} limits of pages`);
}

async function fillDisk(mount) {
  mkdirSync(mount);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128m', 'tmpfs', mount], { encoding: 'utf8' });
  if (mounted.status !== 0) return console.log('no small file system could be mounted here: no real disk was filled');
  try {
    await fillMounted(mount);
  } finally {
    spawnSync('umount', ['-l', mount]);
  }
}

async function fillMounted(mount) {
  const path = join(mount, 'ledger.db');
  const filler = join(mount, 'filler');
  const options = { path, logger, ballastBytes: BALLAST, minFreeBytes: FLOOR };
  const diskPauses = { checkMs: 20, ballastAfterMs: 0 };
  const open = async () => new Callers(await openLedger({ ...options, diskPauses }));
  let client = await open();
  const seen = { released: 0, closedFull: 0 };
  const before = [];
  for (let round = 1; round <= ROUNDS; round++) {
    await until(() => client.disk.ballast === 'ready', 'the ballast was not made');
    client.work();
    await sleep(20);
    // In every second round at once, so that SQLite meets the end itself; else so that the floor is met before.
    await fill(filler, round % 2 === 0 ? 8 * MEGABYTE : MEGABYTE);
    await until(() => client.refusals > 0, 'no event was refused on a full disk');
    if (round % 5 === 0) {
      // Closed and opened on the full disk.
      await client.stop();
      before.push(client);
      await client.ledger.close();
      seen.closedFull++;
      const { bavail, bsize } = statfsSync(mount);
      const isLow = bavail * bsize < FLOOR;
      if (isLow && existsSync(`${path}.ballast`)) violations.push('the ballast was not given up for the shutdown');
      const next = await reopen(open, filler);
      next.number = client.number;
      client = next;
      client.work();
    }
    if (client.disk.ballast === 'released') seen.released++;
    rmSync(filler, { force: true });
    await client.goesOn();
    await client.rest();
    await until(() => client.disk.ballast === 'ready', 'the ballast was not made again');
    if (statSync(`${path}.ballast`).size !== BALLAST) violations.push('the ballast has another size');
    if (violations.length > 0) break;
  }
  const what = `${ROUNDS} full disks (${seen.released} times without ballast, ${seen.closedFull} restarts)`;
  await finish(path, [...before, client], what);
}

async function finish(path, clients, what) {
  await clients.at(-1).rest();
  await clients.at(-1).ledger.close();
  const acks = clients.flatMap((client) => client.acks);
  const notes = clients.flatMap((client) => client.notes);
  violations.push(...clients.flatMap(({ problems }) => problems));
  violations.push(...auditLedger(path, { acks, notes, inOrder: false }).violations);
  console.log(`${what}: ${acks.length} acknowledgements, ${notes.length} checkpoints, ${violations.length} violations`);
}

/** On a full disk it may not open; with space it does. */
async function reopen(open, filler) {
  try {
    return await open();
  } catch (error) {
    if (!error.retryable) violations.push(`not to be opened again on a full disk: ${error}`);
    rmSync(filler, { force: true });
    return open();
  }
}

async function fill(path, step) {
  writeFileSync(path, '');
  for (let bytes = step; bytes >= 4_096;) {
    try {
      appendFileSync(path, Buffer.alloc(bytes, 1));
      await sleep(1);
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
      bytes = Math.floor(bytes / 2);
    }
  }
}
