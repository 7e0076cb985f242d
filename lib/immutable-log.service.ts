import type { Observable } from 'rxjs';
import type { AuditAlert } from './audit-alert.js';
import { recordCall, type AsyncFunction } from './capture/call-recorder.js';
import type { AuditRecorder } from './capture/audit-recorder.js';
import type { AuditEventMetadata } from './capture/audit-metadata.js';
import { unknownChoice } from './capture/guarantee.js';
import { NoLedgerError } from './capture/no-ledger.error.js';
import { NotRecordedError } from './capture/not-recorded.error.js';
import { currentContext, type Annotation } from './capture/request-context.js';
import type { Guarantee } from './event/audit-event.js';
import type { EventFacts } from './event/event-facts.js';
import type { Awaited, Delivery, EventSink, FlushResult, Receipt } from './event/event-sink.js';
import type { ImmutableLogStatus } from './immutable-log.status.js';
import type { BatchResult, EventToRecord, RecordedEvent, RecordOptions } from './record.types.js';
import type { ResolvedImmutableLogOptions } from './immutable-log.options.js';
import { InvalidOptionsError } from './options/invalid-options.error.js';
import { toFacts } from './to-facts.js';
import { watchStatus } from './watch-status.js';

/** Metadata that makes nobody wait. */
type InBackground = Omit<AuditEventMetadata, 'guarantee' | 'onFailure'> & { readonly guarantee?: 'background' };

/** What an `ImmutableLogService` is made of. */
export interface ServiceParts {
  readonly recorder: AuditRecorder;
  readonly sink: EventSink;
  readonly options: ResolvedImmutableLogOptions;
}

/** Records business events and adds to the events of requests. No method throws because the audit trail is in trouble. */
export class ImmutableLogService {
  /** What somebody should know of: losses, pauses, refusals, another state. Watches only while it is subscribed to. */
  readonly alerts$: Observable<AuditAlert> = watchStatus(() => this.status());

  declare private readonly parts: ServiceParts;

  constructor(parts: ServiceParts) {
    // Not enumerable: whoever logs this object, or one that it is injected into, must not log the API key.
    Object.defineProperty(this, 'parts', { value: parts });
  }

  /**
   * Records one event and returns at once.
   *
   * @param name `event_name`, e.g. `payment.refund`.
   * @param payload Kept as `data`, redacted and bounded.
   */
  record(name: string, payload?: object, options?: RecordOptions & { guarantee?: 'background' }): RecordedEvent;
  /**
   * Records one event and waits until the ledger has it (`durable`) or for the destination's receipt (`confirmed`), not
   * longer than `delivery.guaranteeTimeoutMs`.
   *
   * @throws {Error} with a `code` when the event was not delivered: `IML_REJECTED`, `IML_BUFFER_FULL`, `IML_GAVE_UP`,
   * `IML_CLOSED`, `IML_NO_LEDGER`, or an error of the ledger; or not by now, and may be later: `IML_NOT_KEPT_IN_TIME`,
   * `IML_DESTINATION_PAUSED`.
   */
  record(
    name: string,
    payload: object | undefined,
    options: RecordOptions & { guarantee: 'durable' | 'confirmed' },
  ): Promise<Receipt>;
  record(name: string, payload?: object, given: RecordOptions = {}): RecordedEvent | Promise<Receipt> {
    // What is no object, or throws when it is read, is no reason to throw at the caller.
    const options = this.parts.recorder.contain('reading the options of an event', () => ({ ...given })) ?? {};
    const event = { name, payload, ...options };
    if (options.guarantee === 'durable' && this.parts.options.mode === 'remote')
      return Promise.reject(new NoLedgerError());
    if (options.guarantee === 'durable' || options.guarantee === 'confirmed')
      return this.keep(event, options.guarantee);
    this.tellUnknown(options.guarantee);
    return { id: this.parts.recorder.record(this.factsOf(event))?.id };
  }

  /**
   * Records several events and resolves to one result each, in their order, when the ledger has them all (in `remote`
   * mode: the destination), or as `guarantee` says. Takes its time: only the receipts that `confirmed` asks for in
   * `hybrid` mode are waited for no longer than `delivery.guaranteeTimeoutMs`. Never rejects.
   */
  async recordBatch(
    events: readonly EventToRecord[],
    given: { readonly guarantee?: Awaited } = {},
  ): Promise<BatchResult[]> {
    const hasLedger = this.parts.options.mode !== 'remote';
    // What is no list, or no object, is no reason to throw at the caller.
    const { recorder } = this.parts;
    const list = recorder.contain('reading the events of a batch', () => [...events]) ?? [];
    const { guarantee } = recorder.contain('reading the options of a batch', () => ({ ...given })) ?? {};
    this.tellUnknown(guarantee);
    // Nobody ever hears of an event that is kept in another way.
    const isKnown = guarantee === 'durable' || guarantee === 'confirmed';
    const awaited = isKnown ? guarantee : hasLedger ? 'durable' : 'confirmed';
    const confirm = (event: EventToRecord) =>
      awaited === 'durable' && !hasLedger ? Promise.reject(new NoLedgerError()) : this.confirm(event, awaited);
    return Promise.all(
      list.map((event) =>
        confirm(event).then(
          ({ txId }) => ({ event, txId }),
          (error: unknown) => ({ event, error: error as Error & { code: string } }),
        ),
      ),
    );
  }

  /**
   * Adds to the event of the request that this code runs in, from handlers, services, guards and filters.
   *
   * @returns whether there is such a request.
   */
  annotate(annotation: Annotation): boolean {
    const context = currentContext();
    if (context !== undefined) this.parts.recorder.contain('annotating an event', () => context.annotate(annotation));
    return context !== undefined;
  }

  /** The function, recording one event per call: what `@AuditEvent()` does for methods. */
  wrap<F extends (...args: never[]) => unknown>(name: string | InBackground, fn: F): F;
  /**
   * The same, with promises that resolve and Observables that complete when the event is kept.
   *
   * @throws {NoLedgerError} `durable` in `remote` mode.
   * @throws {InvalidOptionsError} for a guarantee that there is none of.
   */
  wrap<F extends AsyncFunction>(metadata: AuditEventMetadata, fn: F): F;
  wrap<F extends (...args: never[]) => unknown>(name: string | AuditEventMetadata, fn: F): F {
    const metadata = typeof name === 'string' ? { name } : name;
    const unknown = unknownChoice(metadata);
    if (unknown !== undefined) throw new InvalidOptionsError([`wrap(): ${unknown}`]);
    if (metadata.guarantee === 'durable' && this.parts.options.mode === 'remote') throw new NoLedgerError();
    const called = { module: 'function', name: fn.name || 'anonymous', metadata };
    const recorder = this.parts.recorder;
    return function wrapped(this: unknown, ...args: never[]) {
      return recordCall(recorder, called, () => Reflect.apply(fn, this, args) as unknown);
    } as F;
  }

  /** Sends what waits; resolves when everything recorded so far has ended, or after `timeoutMs`. Never rejects. */
  flush(timeoutMs = this.parts.options.delivery.shutdownTimeoutMs): Promise<FlushResult> {
    return this.parts.sink.flush(timeoutMs);
  }

  /** Where the events are: figures for logs, health checks and alerts. */
  status(): ImmutableLogStatus {
    const { recorder, sink, options } = this.parts;
    const { recorded, contained, unmet } = recorder;
    return { mode: options.mode, recorded, contained, unmet, ...sink.status() };
  }

  /** Delivers what it can within `timeoutMs` and lets go of sockets and timers. In a NestJS application its shutdown does it. */
  close(timeoutMs = this.parts.options.delivery.shutdownTimeoutMs): Promise<FlushResult> {
    return this.parts.sink.close(timeoutMs);
  }

  /** A guarantee that came past the type system keeps no event from being recorded; somebody has to hear of it. */
  private tellUnknown(guarantee: Guarantee | undefined): void {
    if (guarantee === undefined) return;
    this.parts.recorder.contain('reading the guarantee of an event', () => {
      const unknown = unknownChoice({ guarantee });
      if (unknown !== undefined) throw new InvalidOptionsError([unknown]);
    });
  }

  private factsOf(event: EventToRecord): EventFacts | undefined {
    return this.parts.recorder.contain('reading an event', () => toFacts(event, currentContext()));
  }

  /** Waits no longer than `delivery.guaranteeTimeoutMs`. */
  private keep(event: EventToRecord, awaited: Awaited): Promise<Receipt> {
    const facts = this.factsOf(event);
    return new Promise((resolve, reject) => {
      this.parts.recorder.keep(facts, awaited, (failure, receipt) => {
        if (receipt !== undefined) resolve(receipt);
        else reject(failure ?? new NotRecordedError(facts?.name ?? 'app.event'));
      });
    });
  }

  private confirm(event: EventToRecord, awaited: Awaited): Promise<Receipt> {
    const { recorder } = this.parts;
    return new Promise((resolve, reject) => {
      const settle = (delivery: Delivery) =>
        delivery.kind === 'delivered' ? resolve(delivery.receipt) : reject(delivery.error);
      const facts = this.factsOf(event);
      const recorded = recorder.record(facts, settle, awaited);
      if (recorded === undefined) reject(new NotRecordedError(facts?.name ?? 'app.event'));
    });
  }
}
