import { beforeAll, describe, expect, it } from '@jest/globals';
import { matrixCases } from '../support/matrix/cases.js';
import { expectationOf } from '../support/matrix/matrix-case.js';
import { runMatrix } from '../support/matrix/matrix-run.js';
import type { Sightings } from '../support/matrix/matrix-run.js';
import { platforms } from '../support/platforms.js';

describe.each(platforms)('capture matrix on $name', (platform) => {
  let seen: Sightings;
  beforeAll(async () => {
    seen = await runMatrix(platform, { catchAll: false, imports: [] });
  }, 60_000);

  it.each(matrixCases)('$name', (row) => {
    expect(seen.get(row)?.summary).toBe(expectationOf(row, platform).client);
  });
});
