import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findEvents } from 'nestjs-immutable-log/testing';
import { temporaryFolder } from '../../support/ledger.js';
import { runAudited } from '../../support/matrix/audited-run.js';
import type { AuditedRun } from '../../support/matrix/audited-run.js';
import { matrixCases } from '../../support/matrix/cases.js';
import { expectationOf, requestIdOf } from '../../support/matrix/matrix-case.js';
import type { Expectation, MatrixCase } from '../../support/matrix/matrix-case.js';
import { comparable, runMatrix } from '../../support/matrix/matrix-run.js';
import type { Sightings } from '../../support/matrix/matrix-run.js';
import { statementExpected, statementOf } from '../../support/matrix/recorded.js';
import { platforms } from '../../support/platforms.js';
import type { Platform } from '../../support/platforms.js';

const RUN_TIMEOUT_MS = 60_000;

const filterings = [
  { filters: 'filters for errors of their own', catchAll: false },
  { filters: 'a catch-all filter', catchAll: true },
];
const combinations = platforms.flatMap((platform) => filterings.map((filtering) => ({ platform, ...filtering })));
const unaudited = new Map<object, Sightings>();

// All of them before the module is first used: it leaves an observer on NestJS's exceptions handler.
beforeAll(async () => {
  for (const combination of combinations) {
    const { platform, catchAll } = combination;
    unaudited.set(combination, await runMatrix(platform, { catchAll, imports: [] }));
  }
}, RUN_TIMEOUT_MS);

/** An answer in one piece is recorded before it leaves: that its client goes while it is sent cannot be in its event. */
function heldExpectation(row: MatrixCase, platform: Platform): Expectation {
  const expected = expectationOf(row, platform);
  if (row.name !== 'abort mid-response') return expected;
  return { ...expected, event: { ...expected.event, outcome: 'success' } };
}

describe.each(combinations)('every answer held, on $platform.name, for an application with $filters', (combination) => {
  const { platform, catchAll } = combination;
  const folder = temporaryFolder();
  // The filter answers a second time, which throws, and Express destroys the socket: what had not left by then is lost.
  const isCutByExpress = ({ name }: MatrixCase): boolean =>
    name === 'throw after send' && catchAll && platform.name === 'express';
  let without: Sightings;
  let audited: AuditedRun;

  beforeAll(async () => {
    without = unaudited.get(combination)!;
    const ledger = { path: `${folder.path}/ledger.db` };
    audited = await runAudited(platform, catchAll, { mode: 'hybrid', guarantee: 'durable', ledger });
  }, RUN_TIMEOUT_MS);
  afterAll(() => folder.cleanUp());

  it.each(matrixCases)('$name: the client sees the same as without the module', (row) => {
    if (isCutByExpress(row)) expect(audited.seen.get(row)?.summary).toBe('nothing');
    else expect(comparable(row, audited.seen.get(row))).toEqual(comparable(row, without.get(row)));
  });

  it.each(matrixCases)('$name: one event says what happened', (row) => {
    const expected = heldExpectation(row, platform);
    const found = findEvents(audited.events, { requestId: requestIdOf(row) });
    const onWire = Number.parseInt(without.get(row)!.summary, 10);
    const unseen = (catchAll ? expected.caughtAllStatus : undefined) ?? expected.event.status;
    const status = Number.isNaN(onWire) ? unseen : onWire;
    expect(found.map((event) => statementOf(event, expected))).toEqual([statementExpected(expected, status)]);
  });

  it('nothing else is recorded', () => {
    expect(audited.events).toHaveLength(matrixCases.length);
  });
});
