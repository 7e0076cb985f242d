import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The process is killed when it takes longer. */
  readonly timeoutMs?: number;
}

/** A child process and what it has written so far. */
export interface Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Waits for output that fits and returns its first group. Rejects when the process ends without. */
  seen(pattern: RegExp): Promise<string>;
}

/** Starts a process as a user's shell would: without what Jest, npm and this project put into the environment. */
export function start(command: readonly [string, ...string[]], { cwd, env, timeoutMs = 120_000 }: RunOptions): Started {
  const [executable, ...args] = command;
  const child = spawn(executable, args, { cwd, env: { ...plainEnvironment(), ...env }, stdio: 'pipe' });
  const written = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (written.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (written.stderr += text));
  const deadline = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(deadline);
      resolve({ code, signal, ...written });
    });
  });
  return { child, finished, seen: (pattern) => waitForOutput(pattern, child, written) };
}

function waitForOutput(
  pattern: RegExp,
  child: ChildProcess,
  written: { stdout: string; stderr: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const found = pattern.exec(written.stdout)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', look);
    child.once('close', () => {
      reject(new Error(`ended without printing ${String(pattern)}:\n${written.stdout}\n${written.stderr}`));
    });
    look();
  });
}

/** Runs a process to its end; rejects with everything it wrote unless it ends with 0. */
export async function run(command: readonly [string, ...string[]], options: RunOptions): Promise<Finished> {
  const finished = await start(command, options).finished;
  if (finished.code === 0) return finished;
  const end = finished.signal ?? `code ${finished.code ?? 'none'}`;
  throw new Error(`${command.join(' ')} in ${options.cwd} ended with ${end}\n${finished.stdout}\n${finished.stderr}`);
}

// npm_config_* stays: it says where packages come from. npm_package_* and the local prefix speak of this project.
function plainEnvironment(): NodeJS.ProcessEnv {
  const foreign =
    /^(NODE_OPTIONS|NODE_ENV|JEST_.*|npm_package_.*|npm_lifecycle_.*|npm_config_local_prefix|IMTBL_.*|IMMUTABLELOG_.*)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
