import type { JsonValue } from '../../event/json-value.js';
import { contained } from '../encoding/contained.js';
import type { KnownEvent, NewEvent } from '../store/ledger-store.js';

/** Clients make new ones for every attempt. */
const CHANGING_META: ReadonlySet<string> = new Set(['request_id', 'trace_id', 'span_id']);

/** Whether an event is the one that was recorded under its key, given again. */
export function isSameEvent({ payload, meta }: NewEvent, known: Pick<KnownEvent, 'payload' | 'meta'>): boolean {
  if (payload !== known.payload || known.meta === undefined) return false;
  return meta === known.meta || lasting(meta) === lasting(known.meta);
}

/** Canonical JSON stays in its order without some of its members. */
function lasting(meta: string): string | undefined {
  const members = contained(() => Object.entries(JSON.parse(meta) as Record<string, JsonValue>), undefined);
  return members && JSON.stringify(members.filter(([name]) => !CHANGING_META.has(name)));
}
