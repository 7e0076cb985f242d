import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { parsePayload, type RecordedEvent } from './recorded-event.js';

export interface IngestRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** `undefined` when it was longer than `MAX_BODY_BYTES`. */
  readonly body: Buffer | undefined;
}

export interface IngestAnswer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

interface EventMessage {
  readonly payload: string;
  readonly meta: Readonly<Record<string, string>>;
}

/** Body limit of the ingest contract, section "As a server". */
export const MAX_BODY_BYTES = 262_144;

/** Legacy clients change these on every attempt, so they do not make another event of it. */
const CHANGES_ON_RETRY: ReadonlySet<string> = new Set(['request_id', 'trace_id']);

/** The server's side of the ingest contract, without HTTP. */
export class Ingest {
  readonly events: RecordedEvent[] = [];
  private readonly byKey = new Map<string, RecordedEvent>();

  constructor(private readonly apiKey: string) {}

  clear(): void {
    this.events.length = 0;
    this.byKey.clear();
  }

  receive({ headers, body }: IngestRequest): IngestAnswer {
    if (!sameSecret(headers['authorization'] ?? '', `Bearer ${this.apiKey}`)) return refusal(401, 'invalid_api_key');
    if (body === undefined) return refusal(413, 'payload_too_large');
    const message = readMessage(body);
    return typeof message === 'string' ? refusal(400, message) : this.take(message, headers);
  }

  private take(message: EventMessage, headers: IngestRequest['headers']): IngestAnswer {
    const idempotencyKey = headers['idempotency-key'];
    const known = idempotencyKey === undefined ? undefined : this.byKey.get(idempotencyKey);
    if (known !== undefined && fingerprint(known) !== fingerprint(message)) {
      return refusal(422, 'idempotency_key_reused');
    }
    const recorded = known ?? this.record(message, headers);
    return {
      status: 202,
      json: {
        ok: true,
        tx_id: recorded.txId,
        payload_hash: createHash('sha256').update(message.payload, 'utf8').digest('hex'),
        status: 'accepted',
        duplicate: known !== undefined,
        request_id: headers['request-id'] ?? message.meta['request_id'] ?? randomUUID(),
      },
    };
  }

  private record(message: EventMessage, headers: IngestRequest['headers']): RecordedEvent {
    const idempotencyKey = headers['idempotency-key'];
    const recorded: RecordedEvent = {
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...message,
      event: parsePayload(message.payload),
      txId: `tx_${randomUUID()}`,
      headers,
    };
    this.events.push(recorded);
    if (idempotencyKey !== undefined) this.byKey.set(idempotencyKey, recorded);
    return recorded;
  }
}

function refusal(status: number, reason: string): IngestAnswer {
  return { status, json: { ok: false, reason, request_id: randomUUID() } };
}

/** The message, or why it is none. */
function readMessage(body: Buffer): EventMessage | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return 'malformed_json';
  }
  const { payload, meta = {} } = Object(parsed) as { readonly payload?: unknown; readonly meta?: unknown };
  if (typeof payload !== 'string') return 'payload_missing';
  if (!payload.isWellFormed()) return 'payload_not_well_formed';
  return isTextMap(meta) ? { payload, meta } : 'meta_not_a_map_of_strings';
}

function isTextMap(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((text) => typeof text === 'string');
}

function fingerprint({ payload, meta }: EventMessage): string {
  const lasting = Object.entries(meta).filter(([key]) => !CHANGES_ON_RETRY.has(key));
  return JSON.stringify([payload, lasting.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** In constant time: hashed first, because the comparison needs equal lengths. */
function sameSecret(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}
