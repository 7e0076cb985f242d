// Logs that x/mod made and signed, which we verify.
import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { directorySource } from '../../../dist/ledger/audit/sources/directory-source.js';
import { verifyLedger } from '../../../dist/ledger/audit/verify-ledger.js';
import { exitCode } from '../../../dist/ledger/audit/verify-report.js';
import { checkTlogProof, openNote, parsePolicy, signNote } from '../../../dist/ledger/verify/index.js';
import { verifyExit } from './cli.mjs';
import { flip } from './tally.mjs';

/** Up to this size, each bit of each file is changed. */
const SMALL = 2;
const LARGE = 10_000;

/** Compares with logs of a size, in folders that are removed unless there is a difference. */
export async function compareTheirs(size, { folder, go, tally }) {
  for (const kind of ['opaque', 'leaves']) {
    const own = join(folder, `theirs-${size}-${kind}`);
    mkdirSync(own);
    const { skey, vkey } = await go('theirs', own, size, kind);
    const before = tally.differences.length;
    const log = join(own, 'log');
    const policy = join(own, 'policy');
    compareSignature({ log, skey, vkey }, `${size} ${kind}`, tally);
    compareProofs(own, parsePolicy(readFileSync(policy)), tally);
    const name = `${size} ${kind}: verify`;
    if (kind === 'leaves') {
      await compareFiles(log, { tally, name, bits: () => 1, verify: () => verifyExit(log, policy) });
    } else {
      const verify = () => verifyOpaque(log, policy);
      const bits = (file) => (size <= SMALL ? file.length * 8 : size < LARGE ? 16 : 4);
      await compareFiles(log, { tally, name, bits, verify });
      // The command line has no option for entries of others: they are suspicious to it, and yet no tampering.
      tally.expect((await verifyExit(log, policy)) === 2, `${name} on the command line does not end with 2`);
    }
    if (tally.differences.length === before) rmSync(own, { recursive: true });
  }
}

async function verifyOpaque(log, policy) {
  const options = { policy: parsePolicy(readFileSync(policy)), opaqueEntries: true };
  return exitCode(await verifyLedger(directorySource(log), options));
}

/** Ed25519 leaves no choice: the same key signs the same text in the same way. */
function compareSignature({ log, skey, vkey }, name, tally) {
  const note = readFileSync(join(log, 'checkpoint'), 'utf8');
  const opened = openNote(note, [vkey]);
  tally.expect(opened !== undefined, `${name}: the checkpoint does not open`);
  tally.expect(opened && signNote(opened.text, skey) === note, `${name}: we sign the checkpoint differently`);
}

function compareProofs(folder, policy, tally) {
  const proofs = join(folder, 'proofs');
  for (const name of readdirSync(proofs).filter((file) => file.endsWith('.tlog-proof'))) {
    const proof = readFileSync(join(proofs, name));
    const entry = readFileSync(join(proofs, name.replace('.tlog-proof', '.entry')));
    const holds = (...given) => checkTlogProof(...given, policy).kind === 'verified';
    tally.expect(holds(proof, entry), `${proofs}: ${name} is refused`);
    const bit = randomInt(proof.length * 8);
    tally.expect(!holds(flip(proof, bit), entry), `${proofs}: ${name} is accepted with bit ${bit} changed`);
    if (entry.length === 0) continue;
    const other = randomInt(entry.length * 8);
    tally.expect(!holds(proof, flip(entry, other)), `${proofs}: ${name} is accepted with bit ${other} of the entry`);
  }
}

/** Verifies a log as it is, and with a bit changed in files of every kind. */
async function compareFiles(log, { tally, name, bits, verify }) {
  tally.expect((await verify()) === 0, `${name} does not end with 0`);
  for (const [kind, paths] of filesByKind(log)) {
    const count = bits(readFileSync(paths[0]));
    for (let at = 0; at < count; at++) {
      const path = paths[randomInt(paths.length)];
      const file = readFileSync(path);
      // Each in turn if all are wanted, or else at random.
      const bit = count === file.length * 8 ? at : randomInt(file.length * 8);
      writeFileSync(path, flip(file, bit));
      const exit = await verify();
      writeFileSync(path, file);
      tally.expect(exit === 1, `${name} ends with ${exit} with bit ${bit} of ${path} (${kind}) changed`);
    }
  }
}

/** The files of a log: the checkpoint, the bundles, and the tiles of each level, full ones apart from partial ones. */
function filesByKind(log) {
  const kinds = new Map();
  for (const file of readdirSync(log, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath ?? file.path, file.name);
    const [level = '', partial = ''] = path.slice(log.length).match(/tile\/\w+|\.p\//g) ?? ['checkpoint'];
    const kind = `${level}${partial}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), path]);
  }
  return kinds;
}
