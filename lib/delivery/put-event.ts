import type { AuditEvent } from '../event/audit-event.js';
import type { Receipt } from '../event/event-sink.js';
import type { Ledger } from '../ledger/ledger.js';

/**
 * Puts an event into the ledger, under its id and in its place in the stream, and answers with the ledger's receipt once
 * it is durable: nothing in a receipt says that a checkpoint covers it.
 */
export async function putEvent(
  ledger: Pick<Ledger, 'record'>,
  { id, payload, meta, seq }: AuditEvent,
  { source, streamId }: { readonly source: string; readonly streamId: string },
): Promise<Receipt> {
  const stream = seq === undefined ? undefined : { id: streamId, seq };
  const given = { source, payload, meta, idempotencyKey: id, stream };
  const { txId, payloadHash, duplicate, index } = await ledger.record(given);
  const requestId = meta['request_id'];
  return { txId, payloadHash, duplicate, index, ...(requestId !== undefined && { requestId }) };
}
