import { setTimeout as sleep } from 'node:timers/promises';
import { createImmutableLog } from '../../lib/create-immutable-log.js';

/*
 * A process that records for ever in the `hybrid` mode and says which events the ledger has acknowledged, until it is
 * killed; with `end` as the last argument it records nothing, and ends when everything is forwarded.
 */
const [path, apiUrl, apiKey, end] = process.argv.slice(2) as [string, string, string, string?];

const delivery = { retryBaseMs: 2, retryCapMs: 10 };
const log = await createImmutableLog({ apiKey, apiUrl, ledger: { path }, delivery });
process.stdout.write('ready\n');
if (end === 'end') {
  while ((log.status().forwarding?.backlog ?? 1) > 0) await sleep(20);
  await log.close();
  process.stdout.write('done\n');
} else {
  for (let number = 0; ; number++) {
    const { txId } = await log.record('work.done', { number }, { guarantee: 'durable' });
    process.stdout.write(`kept ${txId}\n`);
  }
}
