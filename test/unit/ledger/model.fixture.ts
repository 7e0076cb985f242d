import { expect } from '@jest/globals';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerEvent, LedgerReceipt } from '../../../lib/ledger/ledger.types.js';
import type { Ledger } from '../../../lib/ledger/ledger.js';
import { LedgerUnavailableError } from '../../../lib/ledger/ledger-errors.js';
import { parseCheckpoint, parseNote } from '../../../lib/ledger/verify/index.js';
import { eventually } from '../../support/eventually.js';
import { faultySqlite } from '../../support/faulty-sqlite.js';
import type { Faults } from '../../support/faulty-sqlite.js';
import { anEvent, openTestLedger } from '../../support/ledger.js';

type Receipt = Pick<LedgerReceipt, 'txId' | 'index' | 'duplicate'>;

/** What has to be true of an event. */
export interface Kept extends Pick<Receipt, 'txId' | 'index'> {
  readonly event: LedgerEvent;
  isErased: boolean;
}

/** A checkpoint that was let out. */
export interface Seen {
  readonly size: number;
  readonly root: Uint8Array;
}

/** What everybody knows who has used the ledger: the ledger has to agree with all of it. */
export interface Known {
  readonly kept: Kept[];
  readonly seen: Seen[];
}

/** A ledger that is used, closed, killed and hurt. */
export class LedgerUnderTest {
  readonly faults: Faults = { commits: [] };
  private given = 0;
  private lives = 0;
  private clockMs = 1_700_000_000_000;
  private current: Ledger | undefined;

  constructor(private readonly folder: string) {}

  get ledger(): Ledger {
    return this.current!;
  }

  get path(): string {
    return join(this.home, 'ledger.db');
  }

  newEvents(count: number): LedgerEvent[] {
    return Array.from({ length: count }, () => {
      const number = this.given++;
      return anEvent(number, { idempotencyKey: `key-${number}` });
    });
  }

  async open(): Promise<void> {
    mkdirSync(this.home, { recursive: true });
    this.current = await openTestLedger(this.home, {
      now: () => this.clockMs,
      openSqlite: await faultySqlite(this.faults),
    });
  }

  async reopen(): Promise<void> {
    await this.ledger.close();
    await this.open();
  }

  /** Goes on with what was on the disk at this moment, as after a SIGKILL; what is written later is another's. */
  async kill(): Promise<void> {
    const [old, home] = [this.ledger, this.home];
    this.lives++;
    cpSync(home, this.home, { recursive: true });
    await old.close();
    await this.open();
  }

  setClock(byMs: number): void {
    this.clockMs += byMs;
  }

  /** Gives events until all are acknowledged, as callers do that are told to try again. */
  async give(events: readonly LedgerEvent[], how: 'append' | 'record'): Promise<readonly Receipt[]> {
    const receipts: Receipt[] = [];
    let left = events.map((_, at) => at);
    for (let tries = this.faults.commits.length + 1; left.length > 0 && tries > 0; tries--) {
      const answers = await Promise.allSettled(left.map((at) => this.ledger[how](events[at]!)));
      answers.forEach((answer, nth) => {
        if (answer.status === 'fulfilled') receipts[left[nth]!] = answer.value;
        else expect(answer.reason).toBeInstanceOf(LedgerUnavailableError);
      });
      left = left.filter((at) => receipts[at] === undefined);
      await eventually(() => expect(this.ledger.status().state).toBe('ok'), 10_000);
    }
    expect(left).toEqual([]);
    return receipts;
  }

  async release(): Promise<Seen> {
    const { size, root } = parseCheckpoint(parseNote(await this.ledger.checkpoint())!.text)!;
    return { size, root };
  }

  private get home(): string {
    return join(this.folder, String(this.lives));
  }
}
