import type { ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { lineOf } from './demo/table.js';

const FOR_EVER_MS = 2 ** 31 - 1;

/** Prints each event as it arrives, until the process ends. */
export async function printEvents(endpoint: ImmutableLogServer): Promise<never> {
  for (let printed = 0; ; printed++) {
    const events = await endpoint.waitFor(printed + 1, FOR_EVER_MS);
    for (const event of events.slice(printed, printed + 1)) console.log(lineOf(event));
  }
}
