import { transformSync } from '@swc/core';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The sources as JavaScript in a folder of their own, so that a child process can run them without a build. */
export interface CompiledLib {
  readonly folder: string;
  readonly cleanUp: () => void;
}

/** @param files more sources that a child process runs, relative to the project. */
export function compileLib(...files: readonly string[]): CompiledLib {
  const folder = mkdtempSync(join(tmpdir(), 'compiled-'));
  const sources = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join('lib', path));
  for (const path of [...sources, ...files]) compile(path, folder);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return { folder, cleanUp: () => rmSync(folder, { recursive: true, force: true }) };
}

function compile(path: string, folder: string): void {
  const { code } = transformSync(readFileSync(join(ROOT, path), 'utf8'), {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: 'es6' },
  });
  const output = join(folder, path.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, code);
}
