// Appends to a ledger until it is killed or has done its count, and writes down what it is told, line by line:
// `ack <number> <tx id> <index> <tree size>`, `refused <number> <code>` and `note <signed checkpoint in base64>`.
// node ledger-appender.mjs <database> <prefix of the keys> <first number> <count> <at a time>
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLedger } from '../../dist/ledger/open-ledger.js';

const [path, prefix, first, count, atATime] = process.argv.slice(2);
const last = Number(first) + Number(count);
const logger = { log() {}, warn: complain, error: complain };
const PAUSE_MS = 5;
const ledger = await open();

let next = Number(first);
say(`open ${ledger.size()}`);
await Promise.all(Array.from({ length: Number(atATime) }, appendOneByOne));
await ledger.close();

/** As an application does: again, while it is worth it. */
async function open() {
  for (;;) {
    try {
      return await openLedger({ path, logger, ballastBytes: 0 });
    } catch (error) {
      if (!error.retryable) throw error;
      say(`refused open ${error.code}`);
      await sleep(PAUSE_MS);
    }
  }
}

async function appendOneByOne() {
  while (next < last) {
    const number = next++;
    const receipt = await append(number);
    say(`ack ${number} ${receipt.txId} ${receipt.index} ${receipt.treeSize}`);
    if (number % 5 === 0) say(`note ${Buffer.from(await ledger.checkpoint()).toString('base64')}`);
  }
}

/** As a client does: again, under the same key, while it is worth it. */
async function append(number) {
  for (;;) {
    try {
      return await ledger.append({
        source: 'appender',
        payload: JSON.stringify({
          id: `${prefix}-${number}`,
          message: `event ${number}`,
          filler: 'x'.repeat(number % 700),
        }),
        meta: { event_name: 'test.crash', request_id: `${process.pid}-${number}` },
        idempotencyKey: `${prefix}-${number}`,
      });
    } catch (error) {
      if (!error.retryable) throw error;
      say(`refused ${number} ${error.code}`);
      await sleep(PAUSE_MS);
    }
  }
}

// Synchronous: what is told was known before a kill, and what was known is told.
function say(line) {
  writeSync(1, `${line}\n`);
}

function complain(message) {
  writeSync(2, `${message}\n`);
}
