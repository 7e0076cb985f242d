const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/**
 * The idempotency key of an event of the ledger: made of nothing but the event, so that every attempt of every process
 * uses the same. It is the event's own id, under which it may have been sent before it came into the ledger.
 */
export function idempotencyKey({ txId, payload }: { readonly txId: string; readonly payload: string }): string {
  const id = ownId(payload);
  return typeof id === 'string' && UUID.test(id) ? id : txId;
}

function ownId(payload: string): unknown {
  try {
    return (Object(JSON.parse(payload)) as { readonly id?: unknown }).id;
  } catch {
    return undefined;
  }
}
