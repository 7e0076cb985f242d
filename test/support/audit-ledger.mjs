// Goes through a ledger file with nothing but the pure core, and holds it against what its clients were told.
import Database from 'better-sqlite3';
import { openNote } from '../../dist/ledger/checkpoint/open-note.js';
import { parseCheckpoint } from '../../dist/ledger/checkpoint/checkpoint.js';
import { consistencyProof } from '../../dist/ledger/merkle/build-proof.js';
import { leafReader } from '../../dist/ledger/merkle/subtree-reader.js';
import { leafHash } from '../../dist/ledger/merkle/tree-hash.js';
import { treeRoot } from '../../dist/ledger/merkle/tree-root.js';
import { verifyConsistency } from '../../dist/ledger/merkle/verify-consistency.js';

/**
 * What an appender was told, line by line, in the order in which it was.
 * @returns {{ acks: { number: number, txId: string, index: number, treeSize: number }[], notes: string[],
 *   refusals: string[] }}
 */
export function readTold(output) {
  // The last line may be cut off by a kill.
  const lines = output.slice(0, output.lastIndexOf('\n') + 1).split('\n');
  const told = { acks: [], notes: [], refusals: [] };
  for (const line of lines) {
    const [kind, ...words] = line.split(' ');
    if (kind === 'ack') {
      const [number, txId, index, treeSize] = words;
      told.acks.push({ number: Number(number), txId, index: Number(index), treeSize: Number(treeSize) });
    }
    if (kind === 'refused') told.refusals.push(words[1]);
    if (kind === 'note') told.notes.push(Buffer.from(words[0], 'base64').toString());
  }
  return told;
}

/** Everything that does not hold, in words; nothing if the ledger is what it said. */
export function auditLedger(path, { acks, notes, inOrder = true }) {
  const database = new Database(path, { readonly: true });
  try {
    const violations = [];
    const integrity = database.pragma('integrity_check', { simple: true });
    if (integrity !== 'ok') violations.push(`integrity_check: ${integrity}`);
    const { size, root, vkey } = database.prepare('SELECT size, root, vkey FROM log').get();
    const entries = database.prepare('SELECT idx, leaf FROM entry ORDER BY idx').all();
    const hashes = entries.map(({ leaf }) => leafHash(leaf));
    if (size !== entries.length || entries.some(({ idx }, at) => idx !== at)) violations.push('the indexes have gaps');
    if (!Buffer.from(treeRoot(hashes)).equals(root)) violations.push('the root is not that of the entries');
    violations.push(...acks.flatMap((ack) => auditAck(ack, hashes)), ...auditNotes({ notes, inOrder }, hashes, vkey));
    const payloads = database.prepare('SELECT payload FROM content').pluck().all().map(String);
    const ids = payloads.map((payload) => JSON.parse(payload).id);
    if (new Set(ids).size !== ids.length) violations.push('an event was recorded twice under one key');
    return { violations, size };
  } finally {
    database.close();
  }
}

function auditAck({ txId, index, treeSize }, hashes) {
  const hash = hashes[index];
  if (hash === undefined) return [`acknowledged ${txId} at ${index} is lost`];
  if (`tx_${Buffer.from(hash).toString('hex')}` !== txId) return [`another event is at ${index} than ${txId}`];
  return treeSize > index ? [] : [`${txId} was acknowledged before a checkpoint covered it`];
}

/** Each note opens, is a prefix of the log, and, as one process let them out, of the next note. */
function auditNotes({ notes, inOrder }, hashes, vkey) {
  const violations = [];
  const read = leafReader(hashes);
  const trees = notes.map((note) => {
    const opened = openNote(note, [vkey]);
    return opened && parseCheckpoint(opened.text);
  });
  if (trees.includes(undefined)) return ['a released checkpoint does not open with the vkey'];
  if (!inOrder) trees.sort((a, b) => a.size - b.size);
  const ends = [...trees.slice(1), { size: hashes.length, root: treeRoot(hashes) }];
  trees.forEach((tree, at) => {
    const end = ends[at];
    const proof = consistencyProof(tree.size, end.size, read);
    if (proof === undefined || !verifyConsistency(tree.size, end.size, proof, tree.root, end.root)) {
      violations.push(`the released checkpoint of ${tree.size} entries is no prefix of the next, of ${end.size}`);
    }
  });
  return violations;
}
