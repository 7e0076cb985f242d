import { describe, expect, it } from '@jest/globals';
import { createContext, SourceTextModule, SyntheticModule, type Module } from 'node:vm';
import { transformSync } from '@swc/core';
import ts from 'typescript';
import * as ed25519 from '../../../lib/ledger/checkpoint/ed25519.js';
import * as hash from '../../../lib/ledger/merkle/hash.js';
import { nodesOf, parse, readLib, type SourceFile } from '../../support/source-files.js';
import { bytes, hex } from './ledger.fixture.js';
import { readVectors } from './vectors/read-vectors.js';

const CORE = /^ledger\/(checkpoint|encoding|leaf|merkle|verify)\//;
const lib = readLib();
const files = lib.filter(({ path }) => CORE.test(path));

/** The two files that a bundle for browsers replaces, with what stands in for them here. */
const REPLACEMENTS: Readonly<Record<string, object>> = {
  'ledger/checkpoint/ed25519.ts': ed25519,
  'ledger/merkle/hash.ts': hash,
};
const REPLACEABLE = Object.keys(REPLACEMENTS);

/** What Node.js has and a language does not. */
const GLOBALS = /^(Buffer|process|global|require|console|performance|queueMicrotask|set(Immediate|Timeout|Interval))$/;

const BIT_OPERATORS: readonly ts.SyntaxKind[] = [
  ts.SyntaxKind.AmpersandToken,
  ts.SyntaxKind.BarToken,
  ts.SyntaxKind.CaretToken,
  ts.SyntaxKind.LessThanLessThanToken,
  ts.SyntaxKind.GreaterThanGreaterThanToken,
  ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken,
  ts.SyntaxKind.AmpersandEqualsToken,
  ts.SyntaxKind.BarEqualsToken,
  ts.SyntaxKind.CaretEqualsToken,
  ts.SyntaxKind.LessThanLessThanEqualsToken,
  ts.SyntaxKind.GreaterThanGreaterThanEqualsToken,
  ts.SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken,
];

function seesOnly32Bits(file: SourceFile): boolean {
  return nodesOf(file).some(
    (node) =>
      (ts.isBinaryExpression(node) && BIT_OPERATORS.includes(node.operatorToken.kind)) ||
      (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.TildeToken),
  );
}

/** Loads a file of lib/ with all that it imports where there are the language, the encoders of the web, and no more. */
async function loadBare(entry: string): Promise<any> {
  const context = createContext({ TextEncoder, TextDecoder });
  const modules = new Map<string, Module>();
  const load = (path: string): Module => {
    const known = modules.get(path) ?? (REPLACEMENTS[path] ? standIn(REPLACEMENTS[path]) : compiled(path));
    modules.set(path, known);
    return known;
  };
  const standIn = (exports: object): Module =>
    new SyntheticModule(
      Object.keys(exports),
      function () {
        for (const [name, value] of Object.entries(exports)) this.setExport(name, value);
      },
      { context },
    );
  const compiled = (path: string): Module => {
    const { text } = lib.find((file) => file.path === path)!;
    const jsc = { target: 'es2022', parser: { syntax: 'typescript' } } as const;
    return new SourceTextModule(transformSync(text, { jsc }).code, { context, identifier: path });
  };
  const module = load(entry);
  await module.link((specifier, { identifier }) => {
    const { imports } = lib.find(({ path }) => path === identifier)!;
    const target = imports.find((found) => found.specifier === specifier)?.file;
    if (target === undefined) throw new Error(`${identifier} needs ${specifier}`);
    return load(target);
  });
  await module.evaluate();
  return module.namespace;
}

describe('the pure core of the ledger', () => {
  it('needs nothing but node:crypto, in two files, and canonical JSON', () => {
    const outside = files.flatMap(({ path, imports }) =>
      imports
        .filter(({ file }) => !CORE.test(file ?? ''))
        .map(({ specifier, file }) => `${path} -> ${file ?? specifier}`),
    );
    const allowed = ['event/canonical-json.ts', 'event/json-value.ts'];
    const others = outside.filter((line) => !allowed.some((file) => line.endsWith(` -> ${file}`)));
    expect(new Set(others)).toEqual(new Set(REPLACEABLE.map((path) => `${path} -> node:crypto`)));
  });

  it('knows what only Node.js has only there', () => {
    const isGlobal = (node: ts.Node): boolean =>
      ts.isIdentifier(node) &&
      GLOBALS.test(node.text) &&
      !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node);
    const others = files.filter(({ path }) => !REPLACEABLE.includes(path));
    expect(others.filter((file) => nodesOf(file).some(isGlobal)).map(({ path }) => path)).toEqual([]);
  });

  it('verifies proofs where there is no Node.js, with the two files replaced', async () => {
    const { parsePolicy, verifyTlogProof } = await loadBare('ledger/verify/index.ts');
    const { note, tlog_proof } = readVectors().vectors;
    const policy = parsePolicy(`log ${note.log.vkey}\nquorum none\n`);
    expect(tlog_proof.files.length).toBeGreaterThan(1);
    for (const { index, size, leaf_hex, leaf_hash_hex, file } of tlog_proof.files) {
      const proof = verifyTlogProof(file, bytes(leaf_hex), policy);
      expect([proof.index, proof.checkpoint.size, hex(proof.leafHash)]).toEqual([index, size, leaf_hash_hex]);
      expect(verifyTlogProof(file, bytes(`${leaf_hex}00`), policy)).toBeUndefined();
    }
  });

  it('has no operator that sees 32 bits only', () => {
    expect(files.filter(seesOnly32Bits).map(({ path }) => path)).toEqual([]);
  });

  it.each(['&', '|', '^', '<<', '>>', '>>>'])('would be found out with %s, also in an assignment', (operator) => {
    for (const text of [`a ${operator} b`, `a ${operator}= b`]) {
      expect([text, seesOnly32Bits(parse('a.ts', text))]).toEqual([text, true]);
    }
  });
});
