import { execSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the end-to-end tests run is built: the package if it is older than its sources, then the sample app on top of it. */
export default function buildWhatIsOutdated() {
  const built = ['dist/index.js', 'dist/cjs/package.json'];
  if (isOutdated(built, ['lib', 'package.json', 'tsconfig.json', '.config'])) build('build');
  if (isOutdated(['sample-app/dist/demo.js'], ['sample-app', 'dist'])) build('sample:build');
}

function build(script) {
  execSync(`npm run --silent ${script}`, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

function isOutdated(built, sources) {
  if (!built.every((path) => existsSync(join(root, path)))) return true;
  return Math.max(...sources.map(newest)) > Math.min(...built.map(newest));
}

function newest(path) {
  const absolute = join(root, path);
  if (!statSync(absolute).isDirectory()) return statSync(absolute).mtimeMs;
  const inside = readdirSync(absolute).filter((name) => name !== 'dist' && name !== 'node_modules');
  return Math.max(0, ...inside.map((name) => newest(join(path, name))));
}
