import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { nodesOf, readLib } from '../../support/source-files.js';

const CORE = /^ledger\/(checkpoint|encoding|leaf|merkle|verify)\//;
const files = readLib().filter(({ path }) => CORE.test(path));

/** The two files that a bundle for browsers replaces. */
const REPLACEABLE = ['ledger/checkpoint/ed25519.ts', 'ledger/merkle/hash.ts'];

const BIT_OPERATORS: readonly ts.SyntaxKind[] = [
  ts.SyntaxKind.AmpersandToken,
  ts.SyntaxKind.BarToken,
  ts.SyntaxKind.CaretToken,
  ts.SyntaxKind.LessThanLessThanToken,
  ts.SyntaxKind.GreaterThanGreaterThanToken,
  ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken,
];

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

  it('knows Buffer only there', () => {
    const withBuffer = files.filter((file) =>
      nodesOf(file).some((node) => ts.isIdentifier(node) && node.text === 'Buffer'),
    );
    expect(withBuffer.map(({ path }) => path).filter((path) => !REPLACEABLE.includes(path))).toEqual([]);
  });

  it('has no operator that sees 32 bits only', () => {
    const offends = (node: ts.Node): boolean =>
      (ts.isBinaryExpression(node) && BIT_OPERATORS.includes(node.operatorToken.kind)) ||
      (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.TildeToken);
    expect(files.filter((file) => nodesOf(file).some(offends)).map(({ path }) => path)).toEqual([]);
  });
});
