import { cpSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './child-process.js';
import { projectRoot } from './source-files.js';

const QUIETLY = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

/** Projects outside this repository that use the package as npm packs it. */
export class Consumers {
  private constructor(
    private readonly directory: string,
    readonly tarball: string,
  ) {}

  /** Packs the package, after a build if the last one is older than the sources. */
  static async pack(): Promise<Consumers> {
    if (!isBuilt()) await run(['npm', 'run', 'build'], { cwd: projectRoot });
    const directory = realpathSync(mkdtempSync(join(tmpdir(), 'immutable-log-consumers-')));
    await run(['npm', 'pack', '--ignore-scripts', '--pack-destination', directory], { cwd: projectRoot });
    const tarball = readdirSync(directory).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) throw new Error(`npm pack left no tarball in ${directory}`);
    return new Consumers(directory, join(directory, tarball));
  }

  /** Copies a project of test/consumers, installs the tarball and the project's own dependencies; returns its path. */
  async install(name: string): Promise<string> {
    const project = this.copy(name, name);
    await run(['npm', 'install', ...QUIETLY, this.tarball], { cwd: project, timeoutMs: 300_000 });
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

function isBuilt(): boolean {
  const built = [join(projectRoot, 'dist/index.js'), join(projectRoot, 'dist/cjs/package.json')];
  if (!built.every((path) => existsSync(path))) return false;
  const oldest = Math.min(...built.map((path) => statSync(path).mtimeMs));
  const lib = join(projectRoot, 'lib');
  const sources = readdirSync(lib, { recursive: true, encoding: 'utf8' }).map((path) => join(lib, path));
  return [...sources, join(projectRoot, 'package.json')].every((path) => statSync(path).mtimeMs <= oldest);
}
