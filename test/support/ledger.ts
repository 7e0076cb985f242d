import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LedgerEvent } from '../../lib/ledger/ledger.types.js';
import type { Ledger } from '../../lib/ledger/ledger.js';
import { openLedger } from '../../lib/ledger/open-ledger.js';
import type { OpenLedgerOptions } from '../../lib/ledger/open-ledger.js';
import { generateKey } from '../../lib/ledger/checkpoint/signing-key.js';
import { prepareErasure } from '../../lib/ledger/erasure/prepare-erasure.js';
import { planStep } from '../../lib/ledger/sequencer/plan-step.js';
import type { StepPlan } from '../../lib/ledger/sequencer/plan-step.js';
import { prepareEvent } from '../../lib/ledger/sequencer/prepare-event.js';
import type { CommitView, LedgerIdentity, LedgerStore } from '../../lib/ledger/store/ledger-store.js';

/** A new folder that `cleanUp` removes with everything in it. */
export function temporaryFolder(): { readonly path: string; readonly cleanUp: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'ledger-'));
  return { path, cleanUp: () => rmSync(path, { recursive: true, force: true }) };
}

/** A logger that keeps its lines. */
export class KeptLines {
  readonly logs: string[] = [];
  readonly warnings: string[] = [];
  readonly errors: string[] = [];

  log(message: string): void {
    this.logs.push(message);
  }

  warn(message: string): void {
    this.warnings.push(message);
  }

  error(message: string): void {
    this.errors.push(message);
  }
}

/** An event as the recorder makes them, told apart by its number. */
export function anEvent(number = 0, over: Partial<LedgerEvent> = {}): LedgerEvent {
  const payload = {
    id: `event-${number}`,
    kind: 'success',
    message: `POST /orders answered 201, number ${number}`,
    actor: { id: `user-${number % 3}`, email: `user${number % 3}@example.com` },
    tenant: `tenant-${number % 2}`,
    metrics: { status_code: 201 },
  };
  const meta = {
    type: 'success',
    event_name: 'http.POST./orders',
    service: 'shop',
    request_id: `request-${number}`,
    trace_id: `trace-${number}`,
    immutable_trail: `trail-${number % 5}`,
    http_status: '201',
    http_route: '/orders',
  };
  return { source: 'ak_test', payload: JSON.stringify(payload), meta, ...over };
}

/** A ledger in a folder, with options that do not matter to the test filled in. */
export function openTestLedger(folder: string, options: Partial<OpenLedgerOptions> = {}): Promise<Ledger> {
  return openLedger({ path: join(folder, 'ledger.db'), logger: new KeptLines(), ballastBytes: 0, ...options });
}

export function anIdentity(): LedgerIdentity {
  const origin = 'ledger.example/test';
  return { origin, vkey: generateKey(origin).vkey, idempotencySecret: Buffer.alloc(32, 7) };
}

/** Salts that are the same in every run. */
export function countingBytes(): (bytes: number) => Uint8Array {
  let next = 0;
  return (bytes) => {
    const block = Buffer.alloc(bytes);
    block.writeUInt32BE(next++);
    return block;
  };
}

/** Takes events into a store as the sequencer does. */
export class Steps {
  private readonly context;

  constructor(
    private readonly store: LedgerStore,
    private readonly identity: LedgerIdentity,
    private readonly now: () => number = () => 1_700_000_000_000,
  ) {
    this.context = { idempotencySecret: identity.idempotencySecret, randomBytes: countingBytes() };
  }

  commit(...events: readonly LedgerEvent[]): Promise<StepPlan> {
    return this.commitWith((decide, view) => decide(view), ...events);
  }

  /** Says that events are erased. */
  announce(ranges: readonly (readonly [number, number])[]): Promise<StepPlan> {
    const events = prepareErasure({ ranges, source: 'operator', reason: 'test' }, Infinity);
    return this.store.commit({ keys: [] }, (view) =>
      planStep({ events, now: this.now(), identity: this.identity }, view),
    );
  }

  /** `wrap` comes between the store and the decision. */
  commitWith(
    wrap: (decide: (view: CommitView) => StepPlan, view: CommitView) => StepPlan,
    ...given: readonly LedgerEvent[]
  ): Promise<StepPlan> {
    const events = given.map((event) => prepareEvent(event, this.context));
    const decide = (view: CommitView): StepPlan => planStep({ events, now: this.now(), identity: this.identity }, view);
    return this.store.commit({ keys: events.map(({ event }) => event.idempotency) }, (view) => wrap(decide, view));
  }
}
