import { describe, expect, it } from '@jest/globals';
import * as api from 'nestjs-immutable-log';
import * as testingApi from 'nestjs-immutable-log/testing';
import { builtinModules } from 'node:module';
import ts from 'typescript';
import { VERSION } from '../lib/event/version.js';
import {
  findCycle,
  functionsOf,
  loadedWith,
  nodesOf,
  parse,
  readLib,
  readProjectFile,
} from './support/source-files.js';
import type { SourceFile } from './support/source-files.js';

/** A stage imports itself and what lies lower; two stages of one level do not know each other. */
const LEVELS: Readonly<Record<string, number>> = {
  testing: 4,
  serverless: 4,
  '(root)': 3,
  cli: 3,
  capture: 2,
  delivery: 2,
  viewer: 2,
  ledger: 1,
  event: 0,
  options: 0,
};

const MAX_FILE_LINES = 250;
const MAX_FUNCTION_LINES = 40;
const MAX_POSITIONAL_PARAMETERS = 3;

/** What is allowed to exceed a budget: `<file>` or `<file>#<function>`, and why it is better that way. */
const BUDGET_EXCEPTIONS: Readonly<Record<string, string>> = {
  'ledger/merkle/verify-consistency.ts#verifyConsistency': 'the parameters of RFC 9162, section 2.1.4.2',
  'ledger/merkle/verify-inclusion.ts#verifyInclusion': 'the parameters of RFC 9162, section 2.1.3.2',
  'event/redaction/text-rules.ts#redactCredential': 'String.replace calls it with the match and every group',
};

/** The public API. A name that comes or goes shows here, in the diff of its commit. */
const PUBLIC_API: readonly string[] = [
  'AuditEvent',
  'BufferFullError',
  'ClosedError',
  'DestinationPausedError',
  'EventSink',
  'GaveUpError',
  'IMMUTABLE_LOG_OPTIONS',
  'ImmutableLogExceptionFilter',
  'ImmutableLogHealthIndicator',
  'ImmutableLogInterceptor',
  'ImmutableLogModule',
  'ImmutableLogService',
  'InvalidOptionsError',
  'MetricsMissingError',
  'NoLedgerError',
  'NotKeptInTimeError',
  'NotRecordedError',
  'RejectedError',
  'SkipAudit',
  'WorkerStartError',
  'createImmutableLog',
  'listReceipts',
  'listRejections',
  'redriveRejected',
];
const PUBLIC_TESTING_API: readonly string[] = [
  'ImmutableLogServer',
  'ImmutableLogTestingModule',
  'RecordedEvents',
  'answers',
  'drain',
  'eventsTable',
  'findEvents',
  'oneEvent',
  'startImmutableLogServer',
];

/** Hashes and brand checks: computing, no I/O. */
const PURE_BUILTINS = ['node:crypto', 'node:util'];

const files = readLib();
const manifest = JSON.parse(readProjectFile('package.json')) as Record<string, any>;
/** Source files of the entries in package.json's `exports`. */
const publishedEntries = Object.values<any>(manifest.exports)
  .flatMap((entry) => (typeof entry === 'object' ? [entry.default as string] : []))
  .map((built) => built.replace('./dist/', '').replace(/\.js$/, '.ts'))
  .sort();

describe('the architecture of lib/', () => {
  it('has only folders that are stages', () => {
    expect(files.map(stageOf).filter((stage) => LEVELS[stage] === undefined)).toEqual([]);
  });

  it('imports only downward', () => {
    expect(files.flatMap(upwardImports)).toEqual([]);
  });

  it('has no import cycles', () => {
    expect(findCycle(files)?.join(' -> ')).toBeUndefined();
  });

  it('keeps event/ free of frameworks and of I/O', () => {
    const forbidden = /^(@nestjs\/|axios|undici|rxjs)/;
    const offends = ({ specifier }: { specifier: string }): boolean =>
      forbidden.test(specifier) || (isBuiltin(specifier) && !PURE_BUILTINS.includes(specifier));
    expect(importsThat(offends, 'event')).toEqual([]);
  });

  it('loads no validation and no NestJS in the worker thread, whose start would wait for them', () => {
    const loaded = loadedWith('delivery/worker/worker-main.ts', files);
    expect(loaded.map(({ path }) => path)).toContain('ledger/open-ledger.ts');
    const heavy = /^(class-validator|@nestjs\/(common|core))$/;
    const offends = loaded.flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier, isType }) => !isType && heavy.test(specifier))
        .map(({ specifier }) => `${path} -> ${specifier}`),
    );
    expect(offends).toEqual([]);
  });

  it('imports only packages that package.json declares for users', () => {
    const declared = Object.keys({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    });
    const offends = ({ specifier, file }: { specifier: string; file?: string }): boolean =>
      file === undefined && !isBuiltin(specifier) && !declared.includes(packageOf(specifier));
    expect(importsThat(offends)).toEqual([]);
  });

  it('names Node’s own modules with node:', () => {
    expect(importsThat(({ specifier }) => builtinModules.includes(specifier))).toEqual([]);
  });

  it('has barrels only where an entry is published', () => {
    expect(files.map(({ path }) => path).filter((path) => /(^|\/)index\.ts$/.test(path))).toEqual(publishedEntries);
  });

  it('imports files, never an entry', () => {
    expect(importsThat(({ file }) => file !== undefined && publishedEntries.includes(file))).toEqual([]);
  });

  it('exports by name, never by *', () => {
    expect(filesWith((node) => ts.isExportDeclaration(node) && !isNamedExport(node))).toEqual([]);
  });

  it('uses import.meta only where the CommonJS build has a twin', () => {
    const finish = readProjectFile('.config/finish-build.mjs');
    const withMeta = filesWith((node) => ts.isMetaProperty(node) && node.getText().startsWith('import.meta'));
    expect(withMeta.length).toBeGreaterThan(0);
    for (const path of withMeta) {
      expect(path).toMatch(/\/worker-location\.ts$/);
      expect(finish).toContain(`'${path.replace('/worker-location.ts', '')}'`);
    }
  });

  it('keeps no secret in native #private fields, which Proxies around providers break', () => {
    expect(filesWith((node) => ts.isPrivateIdentifier(node))).toEqual([]);
  });

  it('does not know the test runner', () => {
    expect(importsThat(({ specifier }) => /^(@jest\/|jest|vitest|node:test)/.test(specifier))).toEqual([]);
    expect(filesWith((node) => ts.isIdentifier(node) && node.text === 'jest')).toEqual([]);
  });
});

describe('the size budgets', () => {
  const tooLong = files
    .filter(({ text }) => text.trimEnd().split('\n').length > MAX_FILE_LINES)
    .map(({ path }) => path);
  const offenders = (offends: (fn: { lines: number; positional: number }) => boolean): string[] =>
    files.flatMap((file) =>
      functionsOf(file)
        .filter(offends)
        .map(({ name }) => `${file.path}#${name}`),
    );
  const tooLarge = offenders(({ lines }) => lines > MAX_FUNCTION_LINES);
  const tooManyParameters = offenders(({ positional }) => positional > MAX_POSITIONAL_PARAMETERS);
  const excused = (place: string): boolean => place in BUDGET_EXCEPTIONS;

  it(`hold for files: ${MAX_FILE_LINES} lines`, () => {
    expect(tooLong.filter((place) => !excused(place))).toEqual([]);
  });

  it(`hold for functions: ${MAX_FUNCTION_LINES} lines`, () => {
    expect(tooLarge.filter((place) => !excused(place))).toEqual([]);
  });

  it(`hold for calls: ${MAX_POSITIONAL_PARAMETERS} positional parameters`, () => {
    expect(tooManyParameters.filter((place) => !excused(place))).toEqual([]);
  });

  it('have no exception that nothing needs any more', () => {
    const needed = [...tooLong, ...tooLarge, ...tooManyParameters];
    expect(Object.keys(BUDGET_EXCEPTIONS).filter((place) => !needed.includes(place))).toEqual([]);
  });
});

describe('what users see', () => {
  it('is this list of names', () => {
    expect(Object.keys(api).sort()).toEqual(PUBLIC_API);
  });

  it('is this list of names in the test kit', () => {
    expect(Object.keys(testingApi).sort()).toEqual(PUBLIC_TESTING_API);
  });

  it('has every error code in README.md, and README.md has no other', () => {
    const thrown = files.flatMap((file) =>
      nodesOf(file).flatMap((node) => (ts.isStringLiteralLike(node) ? node.text : [])),
    );
    const codes = thrown.filter((text) => /^IML_[A-Z0-9_]+$/.test(text));
    const documented = readProjectFile('README.md').match(/\bIML_[A-Z0-9_]+\b/g) ?? [];
    expect(unique(documented)).toEqual(unique(codes));
  });

  it('has the version of package.json', () => {
    expect(VERSION).toBe(manifest.version);
  });
});

describe('the rules themselves', () => {
  const offender = parse(
    'event/offender.ts',
    `import type { Sink } from '../delivery/sink.js';
     export * from './other.js';
     const late = () => import('@nestjs/core');
     class Holder { #secret = 1; constructor(@Inject(A) a, b, c, d) {} method(this: Holder, a, b, c, d) {
     } }`,
  );

  it('see static, late and type imports', () => {
    expect(offender.imports.map(({ specifier }) => specifier)).toEqual([
      '../delivery/sink.js',
      './other.js',
      '@nestjs/core',
    ]);
    expect(upwardImports(offender)).toEqual(['event/offender.ts -> delivery/sink.ts']);
  });

  it('see a cycle', () => {
    const [a, b] = [parse('event/a.ts', `import './b.js';`), parse('event/b.ts', `import './a.js';`)];
    expect(findCycle([a, b])).toEqual(['event/a.ts', 'event/b.ts', 'event/a.ts']);
  });

  it('count lines and the parameters that callers pass', () => {
    expect(functionsOf(offender)).toEqual([
      { name: 'late', lines: 1, positional: 0 },
      { name: 'Holder.constructor', lines: 1, positional: 3 },
      { name: 'Holder.method', lines: 2, positional: 4 },
    ]);
  });
});

function stageOf({ path }: { path: string }): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '(root)';
}

function upwardImports(file: SourceFile): string[] {
  const stage = stageOf(file);
  return file.imports
    .flatMap(({ file: target }) => target ?? [])
    .filter((target) => stageOf({ path: target }) !== stage)
    .filter((target) => (LEVELS[stageOf({ path: target })] ?? 0) >= (LEVELS[stage] ?? 0))
    .map((target) => `${file.path} -> ${target}`);
}

function importsThat(offends: (found: SourceFile['imports'][number]) => boolean, stage?: string): string[] {
  return files
    .filter((file) => stage === undefined || stageOf(file) === stage)
    .flatMap((file) => file.imports.filter(offends).map(({ specifier }) => `${file.path} -> ${specifier}`));
}

function filesWith(offends: (node: ts.Node) => boolean): string[] {
  return files.filter((file) => nodesOf(file).some(offends)).map(({ path }) => path);
}

function isNamedExport(node: ts.ExportDeclaration): boolean {
  return node.exportClause !== undefined && ts.isNamedExports(node.exportClause);
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
