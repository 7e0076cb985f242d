// Kills a process that appends to a ledger, at random, again and again, and then holds the ledger against everything
// that the process was told before it died. `npm run build && node test/nightly/ledger-crash.mjs [kills]`
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { auditLedger, readTold } from '../support/audit-ledger.mjs';

const KILLS = Number(process.argv[2] ?? 200);
const LONGEST_LIFE_MS = 120;
const APPENDER = fileURLToPath(new URL('../support/ledger-appender.mjs', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'ledger-crash-'));
const path = join(folder, 'ledger.db');
const told = { acks: [], notes: [] };
const acknowledged = new Set();
let violations = [];
let firstNumber = 0;

for (let kill = 1; kill <= KILLS && violations.length === 0; kill++) {
  const { acks, notes } = readTold(await liveAndDie(firstNumber, kill));
  told.acks.push(...acks);
  told.notes.push(...notes);
  for (const { number } of acks) acknowledged.add(number);
  // What was not acknowledged is given again under its key, as a client would.
  while (acknowledged.has(firstNumber)) firstNumber++;
  // Often, but reading everything each time would take longer than the rest.
  if (kill % 20 === 0 || kill === KILLS) ({ violations } = auditLedger(path, told));
}

for (const violation of violations) console.error(violation);
console.log(
  `${KILLS} kills, ${told.acks.length} acknowledgements, ${told.notes.length} checkpoints, ${violations.length} violations`,
);
if (violations.length === 0) rmSync(folder, { recursive: true });
else console.error(`The ledger is left in ${folder}`);
process.exitCode = violations.length === 0 ? 0 : 1;

/** One life of an appender: killed a random time after it could first write, in the first of them even before. */
function liveAndDie(first, kill) {
  return new Promise((resolve, reject) => {
    const atATime = [1, 8, 64][kill % 3];
    const child = spawn(process.execPath, [APPENDER, path, 'key', first, 1_000_000, atATime], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    let dying;
    const die = () => (dying ??= setTimeout(() => child.kill('SIGKILL'), Math.random() * LONGEST_LIFE_MS));
    if (kill % 5 === 0) setTimeout(die, 100);
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      die();
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(output);
      else reject(new Error(`the appender ended with ${code ?? signal} before it was killed`));
    });
  });
}
