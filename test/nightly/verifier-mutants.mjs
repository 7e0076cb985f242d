// Removes the checks of the pure verifier one by one and runs its unit tests on what is left: a check whose absence no test
// notices is listed, unless it is one of those below, which change no answer. Ends with 1 if any other survives.
// `nice node test/nightly/verifier-mutants.mjs [part of a path, such as merkle/]`, after `npm ci`
import { transformSync } from '@swc/core';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['verify', 'merkle', 'checkpoint', 'leaf'].map((name) => `lib/ledger/${name}`);
const RUNNER = 'test/support/small-runner.mjs';
/** Specs of the verifier that need no disk, those that see most of the mutants first. */
const SPECS = [
  ...[
    'note',
    'policy',
    'checkpoint',
    'tile-path',
    'entry-bundle',
    'hash-in-bulk',
    'hash',
    'merkle.refusals',
    'vectors',
  ],
  ...['tlog-proof', 'merkle.oracle', 'encoding', 'hostile-input', 'tiles', 'audit/tree-walk', 'leaf'],
];
const TIMEOUT_MS = 300_000;

/** Checks that can be removed without changing any answer: `<file> <condition>`, and why. */
const EQUIVALENT = {
  'lib/ledger/checkpoint/ed25519.ts known !== undefined': 'remembers a key that was read: the same key is read again',
  'lib/ledger/checkpoint/parse-policy.ts name === undefined || count === undefined || members.length === 0':
    'says it better: such a line has no valid threshold either',
  'lib/ledger/checkpoint/sign-note.ts message === undefined': 'says it better: nothing that is not bytes can be signed',
  "lib/ledger/leaf/opening.ts leaf?.type !== 'event'":
    'ends sooner: no other leaf has commitments that could be opened',
  'lib/ledger/leaf/text-meta.ts isSame(shape.names, names)': 'remembers an order of names: the same is made again',
  'lib/ledger/merkle/entry-bundle.ts high === undefined || low === undefined':
    'ends sooner: without a length the end is no number, and not that of the bundle',
  'lib/ledger/merkle/entry-bundle.ts end > bundle.length': 'ends sooner: such an end is not that of the bundle',
  'lib/ledger/merkle/tree-growth.ts !subtrees.every((subtree) => subtree !== undefined)':
    'ends sooner: the tile that has not got a subtree is missing or too short, which is looked at next',
  'lib/ledger/merkle/tree-growth.ts hashes?.length !== width * HASH_BYTES':
    'says it again: in a tile that is missing or too short, a subtree was missing',
  'lib/ledger/merkle/verify-consistency.ts first === undefined':
    'ends sooner: without a hash the walk does not come to the root of a larger tree',
  'lib/ledger/verify/verify-tlog-proof.ts proof === undefined':
    'ends sooner: what has no checkpoint throws, and is answered in the same way',
};

const [wanted = ''] = process.argv.slice(2);
const mutants = FOLDERS.flatMap(sourcesIn)
  .flatMap(mutantsOf)
  .filter(({ name }) => name.includes(wanted));
const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
try {
  copyProject();
  const problem = await failure();
  if (problem !== undefined) throw new Error(`without any change: ${problem}`);
  await tryAll();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function tryAll() {
  const survivors = [];
  for (const [at, { path, name, text }] of mutants.entries()) {
    compile(path, text);
    const killer = name in EQUIVALENT ? `equivalent: ${EQUIVALENT[name]}` : await failure();
    compile(path);
    if (killer === undefined) survivors.push(name);
    console.log(`${at + 1}/${mutants.length} ${killer === undefined ? 'SURVIVED' : 'ok'} ${name} (${killer ?? ''})`);
  }
  const stale = Object.keys(EQUIVALENT).filter(
    (name) => name.includes(wanted) && !mutants.some((m) => m.name === name),
  );
  for (const name of stale) console.log(`not there any more: ${name}`);
  console.log(`${mutants.length} checks, ${survivors.length} removed without a test noticing:`);
  for (const name of survivors) console.log(`  ${name}`);
  process.exitCode = survivors.length + stale.length > 0 ? 1 : 0;
}

function sourcesIn(path) {
  const files = readdirSync(join(ROOT, path), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.ts')).map((file) => join(path, file));
}

/** A file without one of its `if (…) return`, `throw`, `continue` or `break`. */
function mutantsOf(path) {
  const source = readFileSync(join(ROOT, path), 'utf8');
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (ts.isIfStatement(node) && node.elseStatement === undefined && leaves(node.thenStatement)) {
      const condition = node.expression.getText().replaceAll(/\s+/g, ' ');
      const twins = found.filter(({ name }) => name.startsWith(`${path} ${condition}`)).length;
      const name = `${path} ${condition}${twins === 0 ? '' : ` #${twins + 1}`}`;
      const [start, end] = [node.getStart(), node.getEnd()];
      found.push({ path, name, text: `${source.slice(0, start)};${source.slice(end)}` });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function leaves(statement) {
  const last = ts.isBlock(statement) ? statement.statements.at(-1) : statement;
  return (
    last !== undefined &&
    (ts.isReturnStatement(last) ||
      ts.isThrowStatement(last) ||
      ts.isContinueStatement(last) ||
      ts.isBreakStatement(last))
  );
}

function copyProject() {
  for (const path of ['lib', 'test/unit/ledger', 'test/unit/event', 'test/support'].flatMap(sourcesIn)) compile(path);
  for (const path of ['test/vectors', RUNNER]) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
}

function compile(path, text = readFileSync(join(ROOT, path), 'utf8')) {
  const parser = { syntax: 'typescript', decorators: true };
  const { code } = transformSync(text, { jsc: { target: 'es2022', parser }, module: { type: 'es6' } });
  const output = join(folder, path.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(
    output,
    code
      .replaceAll(`'@jest/globals'`, `'${join(folder, RUNNER)}'`)
      .replaceAll(`"@jest/globals"`, `"${join(folder, RUNNER)}"`),
  );
}

/** What the tests say; `undefined` if all pass. */
function failure() {
  const specs = SPECS.map((name) => join(folder, 'test/unit/ledger', `${name}.spec.js`));
  const child = spawn(process.execPath, [join(folder, RUNNER), ...specs], {
    cwd: folder,
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      const lines = output.trim().split('\n');
      resolve(code === 0 ? undefined : (signal ?? lines.find((line) => / > |Error/.test(line)) ?? output));
    });
  });
}
