import { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './child-process.js';
import { projectRoot } from './source-files.js';

const QUIETLY = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
/** What the installation of better-sqlite3 compiles for most of a minute; here that has been done. */
const COMPILED = 'node_modules/better-sqlite3/build/Release/better_sqlite3.node';

/** Projects outside this repository that use the package as npm packs it. */
export class Consumers {
  private constructor(
    private readonly directory: string,
    readonly tarball: string,
  ) {}

  /** Packs the package as it is built; see `test/e2e/build.setup.mjs`. */
  static async pack(): Promise<Consumers> {
    const directory = realpathSync(mkdtempSync(join(tmpdir(), 'immutable-log-consumers-')));
    await run(['npm', 'pack', '--ignore-scripts', '--pack-destination', directory], { cwd: projectRoot });
    const tarball = readdirSync(directory).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) throw new Error(`npm pack left no tarball in ${directory}`);
    return new Consumers(directory, join(directory, tarball));
  }

  /** Copies a project of test/consumers, installs the tarball and the project's own dependencies; returns its path. */
  async install(name: string): Promise<string> {
    const project = this.copy(name, name);
    await run(['npm', 'install', '--ignore-scripts', ...QUIETLY, this.tarball], { cwd: project, timeoutMs: 300_000 });
    cpSync(join(projectRoot, COMPILED), join(project, COMPILED));
    return project;
  }

  /** Copies a directory of test/consumers to a path below the temporary directory. */
  copy(name: string, to: string): string {
    const target = join(this.directory, to);
    const leftovers = /[\\/](node_modules|dist)$/;
    cpSync(join(projectRoot, 'test/consumers', name), target, {
      recursive: true,
      filter: (path) => !leftovers.test(path),
    });
    return target;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
