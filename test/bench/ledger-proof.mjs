// What a proof costs in ever larger ledgers: finding the event, its place, the tiles and the text of the proof, of events
// at random; and of that the tree's part, the hashes of the inclusion proof.
// `npm run build && node test/bench/ledger-proof.mjs [largest size]`
import Database from 'better-sqlite3';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePolicy } from '../../dist/ledger/checkpoint/parse-policy.js';
import { openLedger } from '../../dist/ledger/open-ledger.js';
import { SqliteLedgerStore } from '../../dist/ledger/store/sqlite.ledger-store.js';
import { readInclusionProof } from '../../dist/ledger/store/read-tree.js';
import { verifyTlogProof } from '../../dist/ledger/verify/verify-tlog-proof.js';
import { growTree } from '../support/grow-ledger.mjs';

const LARGEST = Number(process.argv[2] ?? 1_000_000);
const PROOFS = 3_000;
const logger = { log() {}, warn: console.warn, error: console.error };

const folder = mkdtempSync(join(tmpdir(), 'ledger-bench-'));
const path = join(folder, 'ledger.db');
try {
  console.log('  entries  on disk   built at   proof p50     p99   of it tree p50   p99  hashes  opens in');
  for (let size = 1_000; size <= LARGEST; size *= 10) await measureAt(size);
} finally {
  rmSync(folder, { recursive: true });
}

async function measureAt(size) {
  const before = entriesOf(path);
  const start = performance.now();
  await growTree(path, size);
  const rate = ((size - before) / (performance.now() - start)) * 1_000;
  const opening = performance.now();
  const ledger = await openLedger({ path, logger, ballastBytes: 0 });
  const opened = performance.now() - opening;
  const ids = idsOf(path, size);
  await requireTrue(ledger);
  const proofs = await times(ids, (id) => ledger.proof(id));
  await ledger.close();
  const store = await SqliteLedgerStore.open(path, { readOnly: true });
  const indexes = ids.map(() => randomInt(size));
  const tree = await times(indexes, (index) => readInclusionProof(store, index, size));
  const hashes = (await readInclusionProof(store, 0, size)).length;
  await store.close();
  const megabytes = Math.round(statSync(path).size / 1e6);
  const cells = [micros(proofs, 0.5), micros(proofs, 0.99), micros(tree, 0.5), micros(tree, 0.99)];
  const [p50, p99, treeP50, treeP99] = cells;
  console.log(
    `${String(size).padStart(9)} ${String(megabytes).padStart(5)} MB ${String(Math.round(rate)).padStart(8)}/s ` +
      `${p50.padStart(7)} µs ${p99.padStart(7)} ${treeP50.padStart(11)} µs ${treeP99.padStart(7)} ` +
      `${String(hashes).padStart(7)} ${opened.toFixed(0).padStart(6)} ms`,
  );
}

/** What is measured has to be a proof. */
async function requireTrue(ledger) {
  const { leaf, leafHash } = (await ledger.entries(1, 2).next()).value;
  const policy = parsePolicy(`log ${ledger.vkey}\nquorum none\n`);
  const proof = await ledger.proof(`tx_${Buffer.from(leafHash).toString('hex')}`);
  if (!verifyTlogProof(proof, leaf, policy)) throw new Error('the proof does not verify');
}

async function times(values, work) {
  const spent = [];
  for (const value of values) {
    const start = performance.now();
    await work(value);
    spent.push(performance.now() - start);
  }
  return spent.sort((a, b) => a - b);
}

function micros(sorted, share) {
  return (sorted[Math.floor(sorted.length * share)] * 1_000).toFixed(0);
}

function idsOf(file, size) {
  const database = new Database(file, { readonly: true });
  const hashOf = database.prepare('SELECT leaf_hash FROM entry WHERE idx = ?').pluck();
  const ids = Array.from({ length: PROOFS }, () => `tx_${hashOf.get(randomInt(1, size)).toString('hex')}`);
  database.close();
  return ids;
}

function entriesOf(file) {
  if (!statSync(file, { throwIfNoEntry: false })) return 0;
  const database = new Database(file, { readonly: true });
  const size = database.prepare('SELECT size FROM log').pluck().get();
  database.close();
  return size;
}
