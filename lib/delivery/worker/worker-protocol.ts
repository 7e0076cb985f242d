import type { AuditLogger } from '../../event/audit-logger.js';
import type { FlushResult, Receipt, SinkStatus } from '../../event/event-sink.js';
import type { SinkInput } from '../create-sink.js';
import type { EventBatch } from './event-batch.js';
import type { PlainError } from './plain-error.js';

/** What can go to another thread. */
export type PlainSinkInput = Omit<SinkInput, 'client' | 'logger' | 'isHosted'>;

/** One worker has the sinks of all modules of the process; `sink` says whose message it is. */
export type ToWorker = ToSink | { readonly kind: 'end' };

export type ToSink = { readonly sink: number } & (
  | { readonly kind: 'open'; readonly input: PlainSinkInput }
  | { readonly kind: 'append'; readonly batch: EventBatch }
  | (SinkCall & Numbered)
);

/** Places of the stream that are given away by then: the worker has all of their events, but for lost ones. */
export interface Numbered {
  readonly numbered: number;
}

export interface SinkCall {
  readonly kind: 'flush' | 'close';
  readonly call: number;
  readonly timeoutMs: number;
}

export type FromWorker = { readonly sink: number } & (
  | { readonly kind: 'opened'; readonly status: SinkStatus }
  | { readonly kind: 'failed'; readonly error: PlainError }
  | SettledEvents
  | { readonly kind: 'delayed'; readonly order: number; readonly error: PlainError }
  | { readonly kind: 'answer'; readonly call: number; readonly result: FlushResult; readonly status: SinkStatus }
  | { readonly kind: 'status'; readonly status: SinkStatus }
  | { readonly kind: 'log'; readonly level: keyof AuditLogger; readonly message: string }
);

export interface SettledEvents {
  readonly kind: 'settled';
  /** Of events that are delivered and of which nobody wants to know more. */
  readonly done: readonly number[];
  readonly receipts: readonly { readonly order: number; readonly receipt: Receipt }[];
  readonly failures: readonly { readonly order: number; readonly error: PlainError; readonly lost?: string }[];
  readonly status: SinkStatus;
}
