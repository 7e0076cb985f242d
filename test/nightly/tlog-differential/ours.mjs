// A ledger of ours, which x/mod verifies, and x/mod's proofs about it, which we verify.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLedger } from '../../../dist/ledger/open-ledger.js';
import {
  consistencyProof,
  openNote,
  parseCheckpoint,
  rangeRoot,
  tilePath,
  tileReader,
  tileWidth,
  verifyConsistency,
  verifyInclusion,
} from '../../../dist/ledger/verify/index.js';
import { growLedger } from '../../support/grow-ledger.mjs';
import { cli } from './cli.mjs';
import { flip, sample, spoil } from './tally.mjs';

/** Larger ones are not given to the ledger event by event: that would take the night. */
const LARGEST_APPENDED = 2_000;
/** Of so many entries and old sizes, each is compared. */
const MOST_PROOFS = 1_000;
const EDGES = [1, 2, 255, 256, 257, 300, 511, 512, 513, 1000, 65_535, 65_536, 65_537];
const START_MS = 1_760_000_000_000;
const quiet = { log() {}, warn: console.warn, error: console.error };

/** One ledger that grows from size to size, each time exported over the export before. */
export class OurLedger {
  constructor(folder, go) {
    this.folder = folder;
    this.go = go;
    this.db = join(folder, 'ledger.db');
    mkdirSync(folder);
  }

  async compareAt(size, tally) {
    await this.growTo(size);
    const vkey = (await cli('vkey', '--db', this.db)).stdout;
    writeFileSync(join(this.folder, 'vkey'), vkey);
    copyFileSync(join(this.folder, 'ledger.db.key'), join(this.folder, 'skey'));
    await cli('export', '--db', this.db, '--format', 'static', '--out', join(this.folder, 'log'), '--quiet');
    await this.writeProofs(size);
    const note = readFileSync(join(this.folder, 'log', 'checkpoint'));
    const { root } = parseCheckpoint(openNote(note, [vkey.trim()]).text);
    this.writeConsistency(size);
    const answer = await this.go('ours', this.folder);
    tally.add(answer);
    for (const given of answer.inclusion ?? []) compareInclusion(given, { size, root, tally });
    for (const given of answer.consistency ?? []) compareConsistency(given, { size, root, tally });
    for (let bit = 0; bit < note.length * 8; bit++) {
      tally.expect(openNote(flip(note, bit), [vkey.trim()]) === undefined, `ours: opens with bit ${bit} changed`);
    }
  }

  async growTo(size) {
    if (size > LARGEST_APPENDED) await growLedger(this.db, size, eventAt);
    // Signs what was grown.
    const ledger = await this.open();
    const missing = Array.from({ length: size - ledger.size() }, (_, at) => eventAt(ledger.size() + at));
    await Promise.all(missing.map((event) => ledger.append(event)));
    await ledger.close();
  }

  open() {
    // The time of entries that are grown: later ones must not be older.
    return openLedger({ path: this.db, logger: quiet, ballastBytes: 0, now: () => START_MS });
  }

  async writeProofs(size) {
    const folder = join(this.folder, 'proofs');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const ledger = await this.open();
    let id;
    for (const index of sample({ from: 0, to: size - 1, most: MOST_PROOFS }, [...EDGES, size - 1])) {
      const { leafHash } = (await ledger.entries(index, index + 1).next()).value;
      id = `tx_${Buffer.from(leafHash).toString('hex')}`;
      writeFileSync(join(folder, `${index}.tlog-proof`), await ledger.proof(id));
    }
    await ledger.close();
    // The last of them is the last entry. It is proved by the command line as well.
    await cli('prove', id, '--db', this.db, '--out', join(folder, `${size - 1}.tlog-proof`));
  }

  /** Without old trees that are empty or the same: x/mod proves nothing of the former, conventions differ on the latter. */
  writeConsistency(size) {
    const read = tileReader((level, n) =>
      readFileSync(join(this.folder, 'log', tilePath({ level, n, width: tileWidth(level, n, size) }))),
    );
    const proofs = sample({ from: 1, to: size - 1, most: MOST_PROOFS }, EDGES).map((oldSize) => ({
      oldSize,
      oldRoot: base64(rangeRoot({ start: 0, end: oldSize }, read)),
      proof: consistencyProof(oldSize, size, read).map(base64),
    }));
    writeFileSync(join(this.folder, 'consistency.json'), JSON.stringify(proofs));
  }
}

function eventAt(index) {
  const payload = JSON.stringify({ id: index, message: `event ${index}`, filler: 'x'.repeat(index % 300) });
  return { source: 'differential', payload, meta: { event_name: 'test.differential', request_id: `r-${index}` } };
}

function compareInclusion({ index, leafHash, proof }, { size, root, tally }) {
  const hashes = [...proof.map(bytes), bytes(leafHash), root];
  const holds = ([...all]) => {
    const [leaf, top] = all.splice(-2);
    return verifyInclusion(index, size, leaf, all, top);
  };
  compareAnswers(hashes, holds, { what: `of ${index} in ${size}`, tally });
}

function compareConsistency({ oldSize, oldRoot, proof }, { size, root, tally }) {
  const hashes = [...proof.map(bytes), bytes(oldRoot), root];
  const holds = ([...all]) => {
    const [old, top] = all.splice(-2);
    return verifyConsistency(oldSize, size, all, old, top);
  };
  compareAnswers(hashes, holds, { what: `that ${size} continues ${oldSize}`, tally });
}

function compareAnswers(hashes, holds, { what, tally }) {
  tally.expect(holds(hashes), `ours: Go's proof ${what} is refused`);
  const { bit, hashes: spoilt } = spoil(hashes);
  tally.expect(!holds(spoilt), `ours: Go's proof ${what} is accepted with bit ${bit} changed`);
}

function bytes(text) {
  return Buffer.from(text, 'base64');
}

function base64(hash) {
  return Buffer.from(hash).toString('base64');
}
