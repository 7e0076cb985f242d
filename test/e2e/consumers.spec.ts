import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/child-process.js';
import { Consumers } from '../support/packed-package.js';

interface Application {
  readonly name: string;
  readonly title: string;
  readonly main: string;
  /** What the application's own TypeScript asks for to go on with an old module resolution. */
  readonly deprecations: Readonly<Record<string, string[]>>;
}

const APPLICATIONS: readonly Application[] = [
  { name: 'nest-11-cjs', title: 'a CommonJS application on NestJS 11', main: 'dist/main', deprecations: {} },
  {
    name: 'nest-12-esm',
    title: 'an ESM application on NestJS 12',
    main: 'dist/main.js',
    deprecations: { node10: ['--ignoreDeprecations', '6.0'] },
  },
];

const RESOLUTIONS = ['node10', 'node16', 'nodenext', 'bundler'];

describe('the packed package', () => {
  let consumers: Consumers;
  const projects = new Map<string, Promise<string>>();
  const projectOf = (name: string): Promise<string> => projects.get(name)!;

  beforeAll(async () => {
    consumers = await Consumers.pack();
    for (const { name } of APPLICATIONS) projects.set(name, consumers.install(name));
    await Promise.all(projects.values());
  }, 300_000);

  afterAll(() => consumers.remove());

  describe.each(APPLICATIONS)('in $title', ({ name, main, deprecations }) => {
    it('passes the application’s own tests', async () => {
      const { stderr } = await run(['npm', 'test'], { cwd: await projectOf(name) });
      expect(stderr).toContain('Tests:       1 passed, 1 total');
    }, 120_000);

    it('compiles, runs, and is one instance however it is loaded', async () => {
      const cwd = await projectOf(name);
      await run(['npm', 'run', 'build'], { cwd });
      const { stdout, stderr } = await run(['node', main], { cwd });
      expect(JSON.parse(stdout)).toMatchObject({
        status: 200,
        sameInstance: true,
        proved: [true, false],
        opens: 'function',
        events: [{ meta: { event_name: 'http.GET./orders/:id', http_status: '200' }, event: { kind: 'success' } }],
      });
      expect(stderr).toBe('');
    }, 120_000);

    it.each(RESOLUTIONS)(
      'has types for moduleResolution %s, imported and required',
      async (resolution) => {
        const cwd = await projectOf(name);
        const types = consumers.copy('types', join(name, 'types'));
        // The fixtures exist once, as .ts; .mts and .cts make Node's resolutions take one condition or the other.
        copyFileSync(join(types, 'usage.ts'), join(types, 'usage.mts'));
        copyFileSync(join(types, 'usage.ts'), join(types, 'usage.cts'));
        copyFileSync(join(types, 'required.ts'), join(types, 'required.cts'));
        const tsc = join(cwd, 'node_modules/typescript/bin/tsc');
        await run(['node', tsc, '-p', `tsconfig.${resolution}.json`, ...(deprecations[resolution] ?? [])], {
          cwd: types,
        });
      },
      60_000,
    );
  });
});
