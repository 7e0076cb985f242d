// Builds and asks the program in Go beside this file.
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HERE = fileURLToPath(new URL('.', import.meta.url));
const PACKAGES = ['golang.org/x/mod/sumdb/note', 'golang.org/x/mod/sumdb/tlog'];
const MAX_ANSWER_BYTES = 1024 ** 3;

/** Why the program cannot be built; `undefined` if it can. */
export async function whatIsMissing() {
  try {
    await run('go', ['version']);
  } catch (error) {
    return `Go is needed to compare with: there is no go that runs in the PATH (${error.message.trim()})`;
  }
  try {
    await run('go', ['list', ...PACKAGES]);
  } catch (error) {
    const remedy =
      'run this in the folder of a module that requires it, or with GO111MODULE=off and a GOPATH that has it';
    return `Go does not find golang.org/x/mod: ${remedy}\n${error.stderr ?? error.message}`;
  }
  return undefined;
}

/**
 * Builds the program into a folder. Resolves with the function that asks it: rejects with what it says if it gives up.
 * Files are named, and the current folder is kept: it is that of the module in which Go looks for x/mod.
 */
export async function buildGoTool(folder) {
  const program = join(folder, 'tlog-differential');
  const sources = readdirSync(HERE).filter((name) => name.endsWith('.go'));
  await run('go', ['build', '-o', program, ...sources.map((name) => join(HERE, name))]);
  return async (...args) => {
    const { stdout } = await run(program, args.map(String), { maxBuffer: MAX_ANSWER_BYTES });
    return JSON.parse(stdout);
  };
}
