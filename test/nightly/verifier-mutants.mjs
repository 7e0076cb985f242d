// Removes the checks of the pure verifier one by one and runs its unit tests on what is left: a check whose absence no test
// notices is listed, unless it is one of those below, which change no answer. Ends with 1 if any other survives.
// `nice node test/nightly/verifier-mutants.mjs [part of a path, such as merkle/]`, after `npm ci`; an hour for all of them.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['lib/ledger/verify', 'lib/ledger/merkle', 'lib/ledger/checkpoint'];
/** Specs of the verifier that need no disk, those that see most of the mutants first. */
const SPECS = [
  'vectors|note|policy|tlog-proof',
  'checkpoint|merkle|tiles|tile-path|entry-bundle|hash|hostile-input|leaf|encoding|keys',
  'audit/(tree-walk|sets|checks|examine-pool|event-reader)|append|api-keys',
];
const TIMEOUT_MS = 300_000;

/** Checks that can be removed without changing any answer: `<file> <condition>`, and why. */
const EQUIVALENT = {};

const [wanted = ''] = process.argv.slice(2);
const mutants = FOLDERS.flatMap(sourcesIn)
  .flatMap(mutantsOf)
  .filter(({ name }) => name.includes(wanted));
const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
try {
  copyProject();
  if (!(await fails()).length) await tryAll();
  else throw new Error('the tests fail without any change');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function tryAll() {
  const survivors = [];
  for (const [at, { path, name, text }] of mutants.entries()) {
    const original = readFileSync(join(ROOT, path), 'utf8');
    writeFileSync(join(folder, path), text);
    const killer = name in EQUIVALENT ? 'equivalent' : await fails();
    writeFileSync(join(folder, path), original);
    if (killer.length === 0) survivors.push(name);
    console.log(`${at + 1}/${mutants.length} ${killer.length === 0 ? 'SURVIVED' : `ok (${killer})`} ${name}`);
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
  return files.filter((file) => file.endsWith('.ts')).map((file) => relative(ROOT, join(ROOT, path, file)));
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
  for (const part of ['lib', 'test', '.config', 'package.json', 'tsconfig.json', 'README.md', 'CHANGELOG.md']) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter: (from) => !from.includes('node_modules') });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}

/** Which tests fail, or the time that they may take is over; empty if all pass. */
async function fails() {
  for (const specs of SPECS) if (!(await passes(`unit/ledger/(${specs})`))) return specs;
  return '';
}

function passes(specs) {
  const jest = join(folder, 'node_modules/jest/bin/jest.js');
  const options = [
    '--config',
    '.config/jest.config.mjs',
    '--selectProjects',
    'unit',
    '--runInBand',
    '--bail',
    '--silent',
  ];
  const child = spawn(process.execPath, ['--experimental-vm-modules', jest, ...options, '--testPathPatterns', specs], {
    cwd: folder,
    stdio: 'ignore',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code === 0)));
}
