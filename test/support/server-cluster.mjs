// `node:cluster`: four audited servers on one port. One that dies is replaced until SIGTERM ends them all. Prints the
// ids of their processes, and ten times a second which of them forward the ledger.
import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const WORKERS = 4;
const exec = fileURLToPath(new URL('audited-server.mjs', import.meta.url));
cluster.setupPrimary({ exec, args: process.argv.slice(2) });

let ending = false;
const serving = new WeakSet();
cluster.on('online', ({ process: { pid } }) => console.log(`worker ${pid}`));
cluster.on('listening', (worker) => serving.add(worker));
cluster.on('exit', ({ process: { pid } }) => {
  console.log(`ended ${pid}`);
  if (!ending) cluster.fork();
});
process.once('SIGTERM', () => {
  ending = true;
  for (const worker of workers()) worker.process.kill('SIGTERM');
});
for (let started = 0; started < WORKERS; started++) cluster.fork();

while (!ending) {
  const asked = workers().filter((worker) => worker.isConnected() && serving.has(worker));
  const roles = (await Promise.all(asked.map(roleOf))).filter((role) => role !== undefined);
  console.log(`roles ${roles.join(' ')}`);
  await sleep(100);
}

function workers() {
  return Object.values(cluster.workers);
}

/** `undefined` if it dies before it can say. */
function roleOf(worker) {
  return new Promise((resolve) => {
    const ended = () => resolve();
    worker.once('exit', ended);
    worker.once('message', ({ forwarding }) => {
      worker.off('exit', ended);
      resolve(`${worker.process.pid}:${forwarding?.role ?? 'none'}:${forwarding?.backlog ?? ''}`);
    });
    worker.send('status', () => undefined);
  });
}
