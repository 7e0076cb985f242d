import { openLedger } from '../../lib/ledger/open-ledger.js';
import { anEvent, KeptLines } from './ledger.js';

/* A process that records so many events and erases them all, says so when that is announced, and is killed meanwhile. */
const [path, count] = process.argv.slice(2) as [string, string];

const ledger = await openLedger({ path, logger: new KeptLines(), ballastBytes: 0 });
const events = Array.from({ length: Number(count) }, (_, number) => ledger.append(anEvent(number)));
const last = Math.max(...(await Promise.all(events)).map(({ index }) => index));
const erased = ledger.erase({ ranges: [[1, last]], source: 'operator', reason: 'test' });
while (ledger.size() <= last + 1) await new Promise((resolve) => setImmediate(resolve));
process.stdout.write('announced\n');
await erased;
process.stdout.write('erased\n');
