import { GAP_EVENT, type StreamGap } from './stream-gap.js';
import type { AuditEvent } from './audit-event.js';

/** What an event tells of lost events; `undefined` if it tells of none. Takes any payload and any meta. */
export function readGap({ payload, meta }: Pick<AuditEvent, 'payload' | 'meta'>): StreamGap | undefined {
  if (meta['event_name'] !== GAP_EVENT) return undefined;
  try {
    const { data } = Object(JSON.parse(payload)) as { readonly data?: unknown };
    const { stream, from, to, count, reason } = Object(data) as Record<string, unknown>;
    if (typeof stream !== 'string' || typeof reason !== 'string' || !isPlace(from)) return undefined;
    if (to === undefined && count === undefined) return { stream, from, reason };
    return isPlace(to) && isPlace(count) && from <= to ? { stream, from, to, count, reason } : undefined;
  } catch {
    return undefined;
  }
}

function isPlace(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
