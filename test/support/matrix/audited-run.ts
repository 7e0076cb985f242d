import { ImmutableLogModule, type ImmutableLogOptions } from 'nestjs-immutable-log';
import { startImmutableLogServer } from 'nestjs-immutable-log/testing';
import type { RecordedEvent } from 'nestjs-immutable-log/testing';
import { optionsFor } from '../audited-app.js';
import type { Platform } from '../platforms.js';
import { matrixCases } from './cases.js';
import { runMatrix } from './matrix-run.js';
import type { Sightings } from './matrix-run.js';

export interface AuditedRun {
  readonly seen: Sightings;
  /** All there were when the application had closed. */
  readonly events: readonly RecordedEvent[];
  /** Requests to the endpoint: a second sending of an event is no second event, and would hide here. */
  readonly deliveries: number;
}

/** The cases on an application that imports the module. */
export async function runAudited(
  platform: Platform,
  catchAll: boolean,
  options: ImmutableLogOptions = {},
): Promise<AuditedRun> {
  const endpoint = await startImmutableLogServer();
  const audit = ImmutableLogModule.forRoot(optionsFor(endpoint, { capture: { graceMs: 200 }, ...options }));
  // Before the shutdown drains: a running application has to deliver. What is missing, the cases report one by one.
  const delivered = async (): Promise<void> => {
    await endpoint.waitFor(matrixCases.length).catch(() => undefined);
  };
  try {
    const seen = await runMatrix(platform, { catchAll, imports: [audit] }, delivered);
    return { seen, events: [...endpoint.events], deliveries: endpoint.requests.length };
  } finally {
    await endpoint.close();
  }
}
