import { Get, Inject, Req, Res } from '@nestjs/common';
import type { EventErasure, StoredEvent } from '../ledger.types.js';
import { json, send, text } from './answer.js';
import { NeedsScope } from './api-key.guard.js';
import { withDeadline } from './deadline.js';
import { parseEventsQuery } from './events-query.js';
import { LedgerConnection } from './ledger-connection.js';
import { LedgerModuleOptions } from './ledger-module.options.js';
import { LedgerRoutes } from './ledger-routes.decorator.js';
import { targetOf } from './platform.js';
import type { PlatformReply, PlatformRequest } from './platform.js';
import { readPage } from './read-page.js';
import { RefusedRequest } from './refusals.js';

/** Gives events out, and the proofs that they are in the ledger. */
@LedgerRoutes()
@NeedsScope('read')
export class EventsController {
  constructor(
    @Inject(LedgerConnection) private readonly connection: LedgerConnection,
    @Inject(LedgerModuleOptions) private readonly options: Readonly<LedgerModuleOptions>,
  ) {}

  @Get('v1/events')
  async query(@Req() request: PlatformRequest, @Res() reply: PlatformReply): Promise<void> {
    const { filter, page } = parseEventsQuery(targetOf(request).query);
    const { events, next } = await this.timed(() => readPage(this.connection.ledger, filter, page));
    send(reply, json({ ok: true, events: events.map(view), ...(next !== undefined && { next_cursor: String(next) }) }));
  }

  @Get('v1/events/:tx_id')
  async find(@Req() request: PlatformRequest, @Res() reply: PlatformReply): Promise<void> {
    const event = await this.timed(() => this.connection.ledger.find(txIdOf(request)));
    if (event === undefined) throw new RefusedRequest('not_found');
    if (event.erasure !== undefined) throw new RefusedRequest('erased', { more: erasedView(event, event.erasure) });
    send(reply, json({ ok: true, event: view(event) }));
  }

  @Get('v1/events/:tx_id/proof')
  async proof(@Req() request: PlatformRequest, @Res() reply: PlatformReply): Promise<void> {
    const id = txIdOf(request);
    const proof = await this.timed(() => this.connection.ledger.proof(id));
    if (proof === undefined) throw new RefusedRequest('not_found');
    // The opening in it lets the holder of a content prove it: as secret as the content.
    const headers = {
      'cache-control': 'no-store',
      'content-disposition': `attachment; filename="${id}.tlog-proof"`,
    };
    send(reply, text(proof, headers));
  }

  private timed<T>(work: () => Promise<T>): Promise<T> {
    return withDeadline(this.options.requestTimeoutMs, work);
  }
}

function txIdOf({ params }: PlatformRequest): string {
  return params?.['tx_id'] ?? '';
}

function view({ txId, index, time, receivedAt, source, payload, meta, unreadable, stream }: StoredEvent) {
  return { tx_id: txId, index, time, received_at: receivedAt, source, payload, meta, unreadable, stream };
}

/** What is left of an erased event, and who announced its end. ledger.md, section 2.5. */
function erasedView(event: StoredEvent, { txId, index, receivedAt, source, reason }: EventErasure) {
  return { event: view(event), erasure: { tx_id: txId, index, received_at: receivedAt, source, reason } };
}
