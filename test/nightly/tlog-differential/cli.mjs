import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const run = promisify(execFile);

/** Runs a command of ours; rejects unless it ends with 0. */
export function cli(...args) {
  return run(process.execPath, [MAIN, ...args], { maxBuffer: 64 * 1024 ** 2 });
}

/** What `verify` ends with. */
export async function verifyExit(log, policy) {
  return cli('verify', '--dir', log, '--policy', policy, '--quiet').then(
    () => 0,
    ({ code }) => code,
  );
}
