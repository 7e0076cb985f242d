import { setTimeout as sleep } from 'node:timers/promises';
import { forwardPath } from '../../lib/delivery/forwarder/sqlite.forward-store.js';
import { openLedger } from '../../lib/ledger/open-ledger.js';
import { LoggedLines } from './delivery.js';
import { anEventWithId, openForwarder } from './forwarding.js';

/*
 * A process that forwards a ledger. `append`: appends as well, says what was acknowledged, and goes on until it is
 * killed. `forward`: ends when so many events are forwarded, and says how much memory it took.
 */
const [events, path, url, apiKey] = process.argv.slice(2) as [string, string, string, string];

const ledger = await openLedger({ path, logger: new LoggedLines() });
// A short lease shows what follows a kill; a long one is not lost on a busy machine.
const leaseMs = events === 'append' ? 300 : 10_000;
const { forwarder } = await openForwarder({ ledger, path }, { url, apiKey }, { leaseMs });
forwarder.start();
say('ready', forwardPath(path));
if (events === 'append') await appendForEver();
else await forwardAll(Number(events));

async function appendForEver(): Promise<never> {
  for (let number = 0; ; number++) {
    const event = anEventWithId(number);
    await ledger.append(event);
    forwarder.wake();
    say('appended', (JSON.parse(event.payload) as { id: string }).id);
    await sleep(1);
  }
}

async function forwardAll(count: number): Promise<void> {
  let [least, most] = [Infinity, 0];
  // The ledger's first entry is no event.
  while (forwarder.status().position < count + 1) {
    await sleep(20);
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
    most = Math.max(most, heapUsed + external);
  }
  const { delivered } = forwarder.status();
  await forwarder.close(5_000);
  await ledger.close();
  say('done', JSON.stringify({ delivered, grown: most - least }));
}

function say(what: string, text: string): void {
  process.stdout.write(`${what} ${text}\n`);
}
