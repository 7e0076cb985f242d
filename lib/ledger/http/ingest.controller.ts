import { Inject, Post, Req, Res } from '@nestjs/common';
import { newEventId } from '../../event/event-id.js';
import { acceptRequestId } from '../../event/request-id.js';
import type { LedgerReceipt } from '../ledger.types.js';
import { json, send } from './answer.js';
import { NeedsScope, sourceOf } from './api-key.guard.js';
import { withDeadline } from './deadline.js';
import { readEventBody } from './event-body.js';
import { EventSubmission } from './event-submission.js';
import { LedgerConnection } from './ledger-connection.js';
import { LedgerModuleOptions } from './ledger-module.options.js';
import { LedgerRoutes } from './ledger-routes.decorator.js';
import { headerOf } from './platform.js';
import type { PlatformReply, PlatformRequest } from './platform.js';
import { RefusedRequest } from './refusals.js';
import { TokenBuckets } from './token-buckets.js';

/** Takes events in: ImmutableLog ingest contract, section "As a server". */
@LedgerRoutes()
export class IngestController {
  private readonly buckets: TokenBuckets | undefined;

  constructor(
    @Inject(LedgerConnection) private readonly connection: LedgerConnection,
    @Inject(LedgerModuleOptions) private readonly options: Readonly<LedgerModuleOptions>,
  ) {
    const { maxEventsPerSecond: perSecond, burst } = options;
    if (perSecond !== undefined) {
      this.buckets = new TokenBuckets({ perSecond, burst: burst ?? Math.max(1, Math.ceil(perSecond)) });
    }
  }

  @Post('v1/events')
  @NeedsScope('ingest')
  async take(@Req() request: PlatformRequest, @Res() reply: PlatformReply): Promise<void> {
    const source = sourceOf(request);
    this.requireToken(source);
    const answer = await withDeadline(this.options.requestTimeoutMs, async (signal) => {
      const { payload, meta } = EventSubmission.from(await readEventBody(request, signal));
      // Empty is as good as missing: such an event is never taken for another.
      const idempotencyKey = headerOf(request, 'idempotency-key') || undefined;
      const receipt = await this.connection.ledger.append({ source, payload, meta, idempotencyKey });
      return accepted(receipt, requestIdOf(request, meta));
    });
    send(reply, json(answer, { status: 202 }));
  }

  private requireToken(source: string): void {
    const waitMs = this.buckets?.take(source) ?? 0;
    if (waitMs > 0) throw new RefusedRequest('rate_limited', { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
  }
}

/** ledger.md, section 2.4. Clients of the contract ignore the last three. */
function accepted({ txId, payloadHash, duplicate, index, leafHash, treeSize }: LedgerReceipt, requestId: string) {
  return {
    ok: true,
    tx_id: txId,
    payload_hash: payloadHash,
    status: 'accepted',
    duplicate,
    request_id: requestId,
    index,
    leaf_hash: leafHash,
    tree_size: treeSize,
  };
}

/** Of this request, also when the event came with another one before. */
function requestIdOf(request: PlatformRequest, meta: Readonly<Record<string, string>>): string {
  const header = headerOf(request, 'request-id') ?? headerOf(request, 'x-request-id');
  return acceptRequestId(header) ?? acceptRequestId(meta['request_id']) ?? newEventId();
}
