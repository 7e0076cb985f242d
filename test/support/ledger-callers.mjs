import { setTimeout as sleep } from 'node:timers/promises';

const AT_A_TIME = 8;
const PATIENCE_MS = 20_000;

/** Callers who append one event after the other, and again what was refused. */
export class Callers {
  acks = [];
  notes = [];
  refusals = 0;
  problems = [];
  number = 0;
  working = false;
  callers = [];

  constructor(ledger) {
    this.ledger = ledger;
  }

  get disk() {
    return this.ledger.status().disk;
  }

  work() {
    this.refusals = 0;
    this.working = true;
    this.callers = Array.from({ length: AT_A_TIME }, () => this.call());
  }

  async call() {
    while (this.working) await this.append(this.number++);
  }

  async append(number) {
    const event = {
      payload: JSON.stringify({ id: `key-${number}`, filler: 'x'.repeat(3_000) }),
      meta: { type: 'info' },
    };
    for (;;) {
      try {
        const { txId, index, treeSize } = await this.ledger.append({
          ...event,
          source: 'test',
          idempotencyKey: `key-${number}`,
        });
        this.acks.push({ number, txId, index, treeSize });
        if (number % 20 === 0) this.notes.push(await this.ledger.checkpoint());
        return;
      } catch (error) {
        this.refusals++;
        if (!error.retryable) this.problems.push(`refused for good: ${error}`);
        if (!error.retryable || this.stopped) return;
        await sleep(5);
      }
    }
  }

  async goesOn() {
    const before = this.acks.length;
    await until(() => this.acks.length > before + AT_A_TIME, 'it does not go on although there is space');
  }

  /** Ends when everything begun is acknowledged. */
  async rest() {
    this.working = false;
    await Promise.all(this.callers);
  }

  async stop() {
    this.stopped = true;
    await this.rest();
  }
}

/** Waits for something that has to come by itself. */
export async function until(holds, otherwise) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(otherwise);
    await sleep(5);
  }
}
