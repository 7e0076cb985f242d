// Injects faults into what a process does to the files of its ledger, with strace, while it appends: errors of fsync,
// write and truncate, a full disk, and death in the middle of a call, at each call of a life; of the writes, which are
// many, at every nth. Each ledger is written twice with faults and once without, and then held against everything that
// its callers were told.
// `npm run build && node test/nightly/ledger-faults.mjs [n]`
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { auditLedger, readTold } from '../support/audit-ledger.mjs';

const EVERY = Number(process.argv[2] ?? 5);
const EVENTS = 30;
const AT_A_TIME = [1, 8, 30];
// Of the errors: this call, and every seventh of the next ones. Then they stop.
const REPEATED = '+7';
const REPEATED_FOR = 28;
const LONGEST_LIFE_MS = 60_000;
/** Calls, how often a life makes them at most, and at which of them faults begin. */
const CALLS = [
  ['fsync,fdatasync', 16, 1],
  ['ftruncate', 3, 1],
  ['pwrite64', 220, EVERY],
];
const FAULTS = ['error=EIO', 'error=ENOSPC', 'signal=KILL'];
const ALLOWED_CODES = ['IML_LEDGER_UNAVAILABLE', 'IML_LEDGER_FULL'];
const APPENDER = fileURLToPath(new URL('../support/ledger-appender.mjs', import.meta.url));

if (spawnSync('strace', ['-V']).error) {
  console.error('strace is not installed: nothing was injected (apt-get install strace)');
  process.exit(2);
}

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'ledger-faults-'));
const totals = { lives: 0, injected: 0, killed: 0, acknowledged: 0, checkpoints: 0 };
const refusals = {};
const violations = [];
let ledgers = 0;
for (const [calls, most, step] of CALLS) {
  for (const fault of FAULTS) {
    for (let first = 1; first <= most && violations.length === 0; first += step) await tryOne({ calls, fault, first });
  }
}

for (const violation of violations) console.error(violation);
console.log(
  `${ledgers} ledgers, ${totals.lives} lives, ${totals.injected} faults (${totals.killed} kills), ` +
    `${totals.acknowledged} acknowledgements, ${totals.checkpoints} checkpoints, ${violations.length} violations`,
);
for (const [code, count] of Object.entries(refusals)) console.log(`refused ${count} times with ${code}`);
if (violations.length === 0) rmSync(folder, { recursive: true });
else console.error(`The ledger and the log of its faults are left in ${folder}`);
process.exitCode = violations.length === 0 ? 0 : 1;

async function tryOne({ calls, fault, first }) {
  const number = ledgers++;
  const when = fault === 'signal=KILL' ? `${first}` : `${first}..${first + REPEATED_FOR}${REPEATED}`;
  const path = join(folder, `${number}.db`);
  const atATime = AT_A_TIME[number % AT_A_TIME.length];
  const what = `${calls}:${fault}:when=${when}`;
  const told = { acks: [], notes: [] };
  for (const [life, injection] of [what, what, undefined].entries()) {
    const ended = await live({ path, first: life * EVENTS, atATime, injection });
    told.acks.push(...ended.told.acks);
    told.notes.push(...ended.told.notes);
    const found = problems(ended, injection, life * EVENTS);
    violations.push(...found.map((problem) => `${what}, life ${life + 1}: ${problem}`));
    if (found.length > 0) return;
  }
  totals.acknowledged += told.acks.length;
  totals.checkpoints += told.notes.length;
  violations.push(...auditLedger(path, told).violations.map((violation) => `${what}: ${violation}`));
  if (violations.length === 0) for (const end of ['', '.key', '.high-water']) rmSync(path + end, { force: true });
}

/** What is wrong with how a life went: it ends with everything acknowledged, or killed by its fault. */
function problems({ code, signal, told, stderr }, injection, first) {
  const found = told.refusals.filter((refusal) => !ALLOWED_CODES.includes(refusal));
  for (const refusal of told.refusals) refusals[refusal] = (refusals[refusal] ?? 0) + 1;
  if (signal === 'SIGKILL' && injection?.includes('KILL')) return found;
  if (code !== 0) return [...found, `the appender ended with ${code ?? signal}: ${stderr}`];
  const acknowledged = new Set(told.acks.map(({ number }) => number));
  const missing = Array.from({ length: EVENTS }, (_, at) => first + at).filter((number) => !acknowledged.has(number));
  return missing.length === 0 ? found : [...found, `never acknowledged: ${missing}`];
}

function live({ path, first, atATime, injection }) {
  const appender = [process.execPath, APPENDER, path, 'key', first, EVENTS, atATime];
  const log = `${path}.strace`;
  const files = ['', '-wal', '-shm', '-journal'].flatMap((end) => ['-P', path + end]);
  const traced = `trace=${CALLS.map(([calls]) => calls)}`;
  const strace = ['strace', '-f', '-q', '-o', log, ...files, '-e', traced, '-e', `inject=${injection}`, '--'];
  const [command, ...words] = injection === undefined ? appender : [...strace, ...appender];
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    const timer = setTimeout(() => child.kill('SIGTERM'), LONGEST_LIFE_MS);
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        output[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      totals.lives++;
      if (injection !== undefined) countFaults(readFileSync(log, 'utf8'));
      resolve({ code, signal, stderr: output.stderr, told: readTold(output.stdout) });
    });
  });
}

function countFaults(log) {
  totals.injected += (log.match(/\(INJECTED\)/g) ?? []).length;
  if (log.includes('killed by SIGKILL')) totals.killed++;
}
