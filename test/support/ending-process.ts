import Database from 'better-sqlite3';
import { createImmutableLog } from '../../lib/create-immutable-log.js';

/*
 * A process that records events and ends in the given way before any of them can have been kept. With `late` it ends in
 * good order, but somebody holds the ledger's lock for longer than it waits; with `locked` it exits while SQLite waits;
 * with `closed` it records three more events when it has ended in good order.
 */
const [path, worker, end] = process.argv.slice(2) as [string, string, string];

const log = await createImmutableLog({
  mode: 'local',
  ledger: { path, ballastBytes: 0 },
  delivery: { worker: worker === 'worker' },
});
const lock = end === 'late' || end === 'locked' ? new Database(path) : undefined;
lock?.exec('BEGIN IMMEDIATE');
if (end === 'read') {
  process.stdout.write('read\n');
  await log.close();
} else {
  for (let number = 0; number < 200; number++) process.stdout.write(`recorded ${log.record('work', { number }).id!}\n`);
  if (end === 'locked') setTimeout(() => process.exit(3), 500);
  else if (lock !== undefined) {
    const { pending } = await log.close(200);
    process.stdout.write(`pending ${String(pending)}, dropped ${JSON.stringify(log.status().dropped)}\n`);
    lock.exec('ROLLBACK');
    lock.close();
  }
  if (end === 'closed') {
    await log.close();
    for (let number = 0; number < 3; number++) log.record('too late');
    process.stdout.write(`dropped ${JSON.stringify(log.status().dropped)}\n`);
  }
  if (end === 'exit') process.exit(3);
  if (end === 'throw') throw new Error('nobody catches this');
  if (end === 'reject') void Promise.reject(new Error('nobody handles this'));
  if (end === 'torn') process.exit(0);
}
