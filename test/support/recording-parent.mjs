// A process that records beside a child process, made with `fork`, that records into the same ledger. Both print the ids
// of their events; with `exit` as the argument the child ends without `close()`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createImmutableLog } from 'nestjs-immutable-log';

const EVENTS = 300;
const isChild = process.send !== undefined;
const log = await createImmutableLog({
  serviceName: isChild ? 'child' : 'parent',
  ledger: { ballastBytes: 0 },
  // Everything is to be delivered, on slow machines too.
  delivery: { shutdownTimeoutMs: 60_000 },
});

if (isChild) {
  await record();
  if (process.argv[2] === 'exit') process.exit(0);
  await log.close();
  process.disconnect();
} else {
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2));
  const ended = once(child, 'exit');
  // Until the child has ended: some in front of its events, between them and behind.
  for (let isEnded = false; !isEnded;) {
    await record();
    isEnded = child.exitCode !== null || child.signalCode !== null;
  }
  console.log(`child ${(await ended)[0]}`);
  await log.close();
}

async function record() {
  for (let number = 0; number < EVENTS; number++) {
    const isLast = number === EVENTS - 1;
    // The child's last ones are still on their way when it ends.
    const isAwaited = number % 50 === 49 && !(isChild && isLast);
    const recorded = log.record('work.done', { number }, isAwaited ? { guarantee: 'durable' } : {});
    if (isAwaited) await recorded;
    else console.log(`recorded ${recorded.id}`);
  }
}
