import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyOf, tamper } from '../unit/ledger/audit/audit.fixture.js';
import type { ClosedLedger } from '../unit/ledger/audit/audit.fixture.js';
import { start } from './child-process.js';
import type { Finished, RunOptions, Started } from './child-process.js';
import { temporaryFolder } from './ledger.js';

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** The command line as it is built, run in a folder of its own. What still runs at the end is killed. */
export class CommandLine {
  private readonly temporary = temporaryFolder();
  private readonly running: Started[] = [];

  get folder(): string {
    return this.temporary.path;
  }

  /** A path in the folder. */
  at(name: string): string {
    return join(this.folder, name);
  }

  begin(args: readonly string[], env: RunOptions['env'] = {}): Started {
    const started = start([process.execPath, MAIN, ...args], { cwd: this.folder, timeoutMs: 60_000, env });
    this.running.push(started);
    return started;
  }

  run(...args: string[]): Promise<Finished> {
    return this.begin(args).finished;
  }

  write(name: string, text: string): string {
    writeFileSync(this.at(name), text);
    return name;
  }

  /** A policy that trusts the key of a ledger. */
  policyFor({ vkey }: Pick<ClosedLedger, 'vkey'>): string {
    return this.write('policy.txt', `log ${vkey}\nquorum none\n`);
  }

  /** A copy of a ledger in which somebody has written. */
  tampered({ path }: Pick<ClosedLedger, 'path'>, sql: string): string {
    const copy = copyOf(path, this.at('tampered.db'));
    tamper(copy, (database) => database.exec(sql));
    return copy;
  }

  async cleanUp(): Promise<void> {
    for (const { child, finished } of this.running.splice(0)) {
      child.kill('SIGKILL');
      await finished;
    }
    this.temporary.cleanUp();
  }
}
