import type { Server } from 'node:http';
import type { Platform } from '../platforms.js';
import { listen } from '../platforms.js';
import { matrixCases } from './cases.js';
import { createMatrixApp } from './matrix-app.js';
import type { MatrixAppOptions } from './matrix-app.js';
import { requestIdOf } from './matrix-case.js';
import type { MatrixCase } from './matrix-case.js';
import { MatrixClient } from './matrix-client.js';
import type { Sighting } from './matrix-client.js';

export type Sightings = ReadonlyMap<MatrixCase, Sighting>;

/** Sends every case to an application of its own, one after the other, and says what the clients saw. */
export async function runMatrix(
  platform: Platform,
  options: MatrixAppOptions,
  beforeClose?: () => Promise<void>,
): Promise<Sightings> {
  const app = await createMatrixApp(platform, options);
  try {
    const port = await listen(app);
    const client = new MatrixClient(app.getHttpServer() as Server, port);
    const sightings = new Map<MatrixCase, Sighting>();
    for (const row of matrixCases) sightings.set(row, await client.send(row.request, requestIdOf(row)));
    await beforeClose?.();
    return sightings;
  } finally {
    await app.close();
  }
}

/** Different on every answer, or the module's own addition. */
const INCOMPARABLE_HEADERS = ['connection', 'date', 'keep-alive', 'x-request-id'];

/** What of an answer must be the same with the module as without it. */
export function comparable(row: MatrixCase, sighting: Sighting | undefined): unknown {
  if (sighting === undefined) return undefined;
  const headers = Object.entries(sighting.headers).filter(([name]) => !INCOMPARABLE_HEADERS.includes(name));
  // How much a client has read when it leaves is chance.
  const body = row.request.leaves === undefined ? sighting.body : undefined;
  return { summary: sighting.summary, headers: Object.fromEntries(headers), body };
}
