import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { DeliveryOptions } from '../../lib/delivery/delivery.options.js';
import { createForwarder } from '../../lib/delivery/forwarder/create-forwarder.js';
import type { Forwarder } from '../../lib/delivery/forwarder/forwarder.js';
import type { ForwarderSettings } from '../../lib/delivery/forwarder/forwarder.settings.js';
import { forwardPath, SqliteForwardStore } from '../../lib/delivery/forwarder/sqlite.forward-store.js';
import { createHttpService } from '../../lib/delivery/remote/http-service.js';
import { RemoteClient } from '../../lib/delivery/remote/remote-client.js';
import type { Ledger } from '../../lib/ledger/ledger.js';
import type { LedgerEvent, LedgerReceipt } from '../../lib/ledger/ledger.types.js';
import { deliveryOptions, LoggedLines } from './delivery.js';
import { openTestLedger, temporaryFolder } from './ledger.js';

export interface Destination {
  readonly url: string;
  readonly apiKey: string;
}

/** An event with an id as the recorder makes them. */
export function anEventWithId(number: number, id: string = randomUUID()): LedgerEvent {
  const payload = { id, kind: 'info', message: `event ${number}`, number };
  return {
    source: 'test',
    payload: JSON.stringify(payload),
    meta: { type: 'info', event_name: 'test.event', service: 'tests', request_id: `req-${number}` },
  };
}

export interface OpenForwarder {
  readonly forwarder: Forwarder;
  readonly logger: LoggedLines;
}

/** A forwarder of a ledger to a server of `startImmutableLogServer()`, not started. */
export async function openForwarder(
  { ledger, path }: { readonly ledger: Ledger; readonly path: string },
  { url, apiKey }: Destination,
  { options, ...settings }: Partial<Omit<ForwarderSettings, 'options'>> & { options?: Partial<DeliveryOptions> } = {},
): Promise<OpenForwarder> {
  const delivery = deliveryOptions(options);
  const { concurrency, timeoutMs, keepAliveMs } = delivery;
  const own = await createHttpService({ apiUrl: url, concurrency, timeoutMs, keepAliveMs });
  const client = new RemoteClient({
    ...own,
    apiUrl: url,
    apiKey,
    timeoutMs,
    selfToken: 'the-self-token',
    now: Date.now,
  });
  const logger = new LoggedLines();
  const forwarder = createForwarder({
    ledger,
    client,
    store: await SqliteForwardStore.open(forwardPath(path)),
    logger,
    now: Date.now,
    random: Math.random,
    leaseMs: 300,
    ...settings,
    options: delivery,
  });
  return { forwarder, logger };
}

/** A ledger in a folder of its own with events in it, and forwarders of it that are closed with it. */
export class ForwardedFolder {
  private readonly folder = temporaryFolder();
  private readonly opened: Forwarder[] = [];
  private readonly ledgers: Ledger[] = [];
  private made = 0;
  readonly path = join(this.folder.path, 'ledger.db');

  private constructor(private current: Ledger) {}

  static async open(): Promise<ForwardedFolder> {
    const folder = new ForwardedFolder(undefined as never);
    await folder.reopen();
    return folder;
  }

  get ledger(): Ledger {
    return this.current;
  }

  /** Lets go of the ledger, if it is open, and opens it again. */
  async reopen(): Promise<Ledger> {
    await this.ledgers.at(-1)?.close();
    this.current = await openTestLedger(this.folder.path);
    this.ledgers.push(this.current);
    return this.current;
  }

  async append(count: number): Promise<LedgerReceipt[]> {
    return Promise.all(Array.from({ length: count }, () => this.ledger.append(anEventWithId(++this.made))));
  }

  /** A forwarder that has begun. */
  async forward(server: Destination, settings: Parameters<typeof openForwarder>[2] = {}): Promise<OpenForwarder> {
    const opened = await openForwarder({ ledger: this.ledger, path: this.path }, server, settings);
    this.opened.push(opened.forwarder);
    opened.forwarder.start();
    return opened;
  }

  async cleanUp(): Promise<void> {
    for (const forwarder of this.opened) await forwarder.close(0);
    for (const ledger of this.ledgers) await ledger.close();
    this.folder.cleanUp();
  }
}

/** Everything that is listed. */
export async function all<T>(listed: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of listed) found.push(one);
  return found;
}

/** The ids of the ledger's events, in the order of the log. */
export async function keysOf(ledger: Ledger): Promise<string[]> {
  const keys: string[] = [];
  for await (const { content } of ledger.entries()) {
    if (content?.payload) keys.push((JSON.parse(Buffer.from(content.payload).toString()) as { id: string }).id);
  }
  return keys;
}
