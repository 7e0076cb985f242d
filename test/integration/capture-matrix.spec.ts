import { beforeAll, describe, expect, it } from '@jest/globals';
import { findEvents } from 'nestjs-immutable-log/testing';
import { runAudited } from '../support/matrix/audited-run.js';
import type { AuditedRun } from '../support/matrix/audited-run.js';
import { matrixCases } from '../support/matrix/cases.js';
import { expectationOf, requestIdOf } from '../support/matrix/matrix-case.js';
import { comparable, runMatrix } from '../support/matrix/matrix-run.js';
import type { Sightings } from '../support/matrix/matrix-run.js';
import { statementExpected, statementOf } from '../support/matrix/recorded.js';
import { platforms } from '../support/platforms.js';

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

describe.each(combinations)('capture matrix on $platform.name, for an application with $filters', (combination) => {
  const { platform, catchAll } = combination;
  let without: Sightings;
  let audited: AuditedRun;

  beforeAll(async () => {
    without = unaudited.get(combination)!;
    audited = await runAudited(platform, catchAll);
  }, RUN_TIMEOUT_MS);

  if (!catchAll) {
    it.each(matrixCases)('$name: the client sees what the table says, without the module', (row) => {
      expect(without.get(row)?.summary).toBe(expectationOf(row, platform).client);
    });
  }

  it.each(matrixCases)('$name: the client sees the same with the module', (row) => {
    expect(comparable(row, audited.seen.get(row))).toEqual(comparable(row, without.get(row)));
  });

  it.each(matrixCases)('$name: the answer carries the request id', (row) => {
    const answer = audited.seen.get(row)!;
    expect(answer.headers['x-request-id']).toBe(answer.summary === 'nothing' ? undefined : requestIdOf(row));
  });

  it.each(matrixCases)('$name: one event says what happened', (row) => {
    const expected = expectationOf(row, platform);
    const found = findEvents(audited.events, { requestId: requestIdOf(row) });
    const onWire = Number.parseInt(without.get(row)!.summary, 10);
    const unseen = (catchAll ? expected.caughtAllStatus : undefined) ?? expected.event.status;
    const status = Number.isNaN(onWire) ? unseen : onWire;
    expect(found.map((event) => statementOf(event, expected))).toEqual([statementExpected(expected, status)]);
  });

  it('nothing else is recorded', () => {
    expect(audited.events).toHaveLength(matrixCases.length);
    expect(audited.deliveries).toBe(matrixCases.length);
  });
});
