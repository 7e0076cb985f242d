// Makes large ledgers for measurements: past the sequencer, in large steps, and yet as it would have made them.
import { randomBytes } from 'node:crypto';
import { TreeGrowth } from '../../dist/ledger/merkle/tree-growth.js';
import { leafHashOfText } from '../../dist/ledger/merkle/tree-hash.js';
import { openLedger } from '../../dist/ledger/open-ledger.js';
import { planStep } from '../../dist/ledger/sequencer/plan-step.js';
import { prepareEvent } from '../../dist/ledger/sequencer/prepare-event.js';
import { SqliteLedgerStore } from '../../dist/ledger/store/sqlite.ledger-store.js';

const STEP = 10_000;
const START_MS = 1_760_000_000_000;
const quiet = { log() {}, warn: console.warn, error: console.error };

/** Grows a ledger to `size` entries, each with the content and the index of `eventOf(its index)`. */
export function growLedger(path, size, eventOf) {
  return grow(path, size, (from, to, identity, tree) => {
    const context = { idempotencySecret: identity.idempotencySecret, randomBytes };
    const events = [];
    for (let index = from; index < to; index++) events.push(prepareEvent(eventOf(index), context));
    return (view) => planStep({ events, now: START_MS + from, identity, tree }, view);
  });
}

/** Lets searches come up with a ledger that was grown. */
export async function indexLedger(path) {
  const store = await SqliteLedgerStore.open(path);
  while ((await store.extendIndex(STEP)) > 0);
  await store.close();
}

/** Grows a ledger to `size` entries that have no content: much faster, and the tree is as large. */
export function growTree(path, size) {
  return grow(path, size, (from, to, _identity, tree) => (view) => {
    const grown = tree ?? TreeGrowth.resume(view.head.size, view.edge);
    const entries = [];
    for (let index = from; index < to; index++) entries.push(bareEntry(index, grown));
    const head = { size: grown.size, root: grown.root(), lastMs: START_MS + to };
    return { base: view.head, head, entries, tiles: grown.takeGrownTiles(), outcomes: [], tree: grown };
  });
}

async function grow(path, size, planOf) {
  // Makes the ledger, its key and its genesis, and signs where it is.
  await (await openLedger({ path, logger: quiet, ballastBytes: 0, now: () => START_MS })).close();
  const store = await SqliteLedgerStore.open(path);
  const identity = await store.identity();
  let head = await store.head();
  let tree;
  while (head.size < size) {
    const to = Math.min(head.size + STEP, size);
    const plan = await store.commit({ knownHead: tree && head, keys: [] }, planOf(head.size, to, identity, tree));
    ({ head, tree } = plan);
  }
  await store.close();
}

function bareEntry(index, tree) {
  const random = randomBytes(64);
  const [meta, payload] = [random.subarray(0, 32), random.subarray(32)].map((bytes) => bytes.toString('base64'));
  const leaf = `{"meta":"${meta}","payload":"${payload}","source":"ak_bench","time":${START_MS + index},"type":"event","v":1}`;
  const hash = leafHashOfText(leaf);
  tree.append(hash);
  return { index, time: START_MS + index, leaf, leafHash: hash };
}
