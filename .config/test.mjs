// All tests, and beside them what needs no test: types, lint and format, with the lowest priority, in the time in which tests
// wait for processes and locks. `npm test`, after the build; fails if any of them does.
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';

const CHECKS = ['typecheck', 'lint', 'format:check'];

const [checks, tests] = await Promise.all([check(), run('jest', 'inherit')]);
for (const { script, output } of checks.filter(({ code }) => code !== 0)) {
  console.error(`\n${output}\nnpm run ${script} failed`);
  process.exitCode = 1;
}
if (tests.code !== 0) process.exitCode = 1;

async function check() {
  const results = [];
  for (const script of CHECKS) results.push(await run(script, 'pipe'));
  return results;
}

function run(script, output) {
  // The lines of `npm run` itself tell nothing here.
  const child = spawn(`npm run --silent ${script}`, { stdio: ['ignore', output, output], shell: true });
  if (output === 'pipe') setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const parts = [];
  child.stdout?.on('data', (part) => parts.push(part));
  child.stderr?.on('data', (part) => parts.push(part));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ script, code, output: Buffer.concat(parts).toString() }));
  });
}
