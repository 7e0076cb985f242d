import { setImmediate as nextTurn } from 'node:timers/promises';
import { createImmutableLog } from '../../lib/create-immutable-log.js';

/*
 * A process that records until it is killed and prints each event that it was told is recorded: with `durable` one after
 * the other, with `background` in bursts, with `overload` in bursts larger than its buffer. With `end` it records one
 * event and ends in good order, with `idle` it records nothing and does nothing.
 */
const [path, what, worker] = process.argv.slice(2) as [string, string, string];

const maxBufferedEvents = what === 'overload' ? 100 : 100_000;
const delivery = { worker: worker === 'worker', maxBufferedEvents, retryBaseMs: 2, retryCapMs: 10 };
const log = await createImmutableLog({
  mode: 'local',
  serviceName: 'shop',
  ledger: { path, ballastBytes: 0 },
  delivery,
});
process.stdout.write('ready\n');
if (what === 'end') {
  await log.record('work.ended', {}, { guarantee: 'durable' });
  await log.close();
  process.stdout.write('done\n');
} else if (what === 'idle') {
  setInterval(() => undefined, 1_000);
} else if (what === 'durable') {
  for (let number = 0; ; number++) {
    const { txId } = await log.record('work.done', { number }, { guarantee: 'durable' });
    process.stdout.write(`kept ${txId}\n`);
  }
} else {
  for (let number = 0; ;) {
    const lines: string[] = [];
    for (let burst = 0; burst < 250; burst++)
      lines.push(`recorded ${number++} ${String(log.record('work.done').id)}\n`);
    process.stdout.write(lines.join(''));
    for (let turns = 0; turns < 20; turns++) await nextTurn();
  }
}
