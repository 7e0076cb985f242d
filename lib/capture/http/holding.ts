import type { AuditRecorder } from '../audit-recorder.js';
import { demandOf, type Demand, type GuaranteeChoice, type KeepingFailure } from '../guarantee.js';
import { declarationOf } from './handler-declaration.js';
import type { HttpContext } from './http-context.js';
import { pathOf } from './path-of.js';
import { ResponseGate } from './response-gate.js';
import { isAbandoned } from './response-finish.js';
import { withheldAnswer, type WithheldAnswer } from './withheld-answer.js';

/** Somebody who waits for the event of a request. */
export interface Waiting {
  readonly awaited: Demand['awaited'];
  readonly done: (failure?: KeepingFailure) => void;
}

export interface HoldingParts {
  readonly recorder: AuditRecorder;
  /** Of requests of which their handler says nothing. */
  readonly guarantee: GuaranteeChoice;
  readonly isWanted: (http: HttpContext) => boolean;
  /** Records the event of a request whose answer waits for it. */
  readonly record: (http: HttpContext, waiting: Waiting) => void;
}

/**
 * Where failure is allowed a streamed answer waits with its last piece, so that its event knows how it ended; where it must
 * be withheld it waits with its first.
 */
const PIECES = { allow: 'last', reject: 'first' } as const;
const NOTHING = Promise.resolve(undefined);

/**
 * Which answers wait for their events, and what becomes of them. Requests that nobody gave a guarantee to are not touched:
 * where only some routes have one, a gate is put up when such a route is chosen.
 */
export class Holding {
  /** Some handlers ask for a guarantee that the module does not give to all. */
  someRoutes = false;
  private readonly all: boolean;

  constructor(private readonly parts: HoldingParts) {
    this.all = parts.guarantee.guarantee !== 'background';
  }

  /** @param routesAreSeen whether exceptions before the handler tell that its route was chosen. */
  begin(http: HttpContext, routesAreSeen: boolean): void {
    if (this.all || (this.someRoutes && !routesAreSeen)) this.putUpGate(http);
    else if (this.someRoutes) http.onRouteChosen = () => this.routeChosen(http);
  }

  private routeChosen(http: HttpContext): void {
    this.parts.recorder.contain('holding a response', () => {
      if (http.gate === undefined && !http.response.headersSent && this.demand(http)) this.putUpGate(http);
    });
  }

  private putUpGate(http: HttpContext): void {
    const { recorder } = this.parts;
    let demand: Demand | undefined;
    http.gate = new ResponseGate(http.response, {
      choose: () => {
        demand = recorder.contain('holding a response', () => this.demandNow(http));
        return demand === undefined ? 'none' : PIECES[demand.onFailure];
      },
      keep: (status) => (demand === undefined ? NOTHING : this.keep(http, status, demand)),
      see: (chunk, encoding) => recorder.contain('holding a response', () => http.responseBody?.see(chunk, encoding)),
    });
  }

  private demand({ handler }: HttpContext): Demand | undefined {
    return demandOf(handler && declarationOf(handler).said, this.parts.guarantee);
  }

  /** None for an answer that nobody takes any more, or that is not recorded. */
  private demandNow(http: HttpContext): Demand | undefined {
    const isTaken = !http.closed && !isAbandoned(http.request, http.response);
    return isTaken && this.parts.isWanted(http) ? this.demand(http) : undefined;
  }

  private keep(http: HttpContext, status: number, demand: Demand): Promise<WithheldAnswer | undefined> {
    if (http.closed) return NOTHING;
    const { awaited, onFailure } = demand;
    http.held = { status, piece: PIECES[onFailure] };
    return new Promise((resolve) => {
      const done = (failure?: KeepingFailure) => {
        const withheld = failure !== undefined && onFailure === 'reject' && !http.closed;
        if (withheld) this.noteWithheld(http, status, failure);
        resolve(withheld ? withheldAnswer(failure, this.parts.recorder.guaranteeTimeoutMs) : undefined);
      };
      // Of a client that has left in between, the close of its connection tells more.
      const record = () => (http.closed ? done() : this.parts.record(http, { awaited, done }));
      // A handler that answers by itself still runs; what it throws right afterwards belongs to the event.
      if (http.run?.state === 'running') setImmediate(record);
      else record();
    });
  }

  /**
   * The event of the request says what the handler did, and may land yet. That the client was told otherwise is an event
   * of its own.
   */
  private noteWithheld(http: HttpContext, status: number, { code }: KeepingFailure): void {
    const { recorder } = this.parts;
    recorder.contain('noting a withheld answer', () =>
      recorder.record({
        name: 'audit.answer_withheld',
        kind: 'warning',
        message: `The answer ${status} was withheld and the client told 503: its event was not kept (${code})`,
        occurredAt: Date.now(),
        requestId: http.requestId,
        traceId: http.traceId,
        trail: http.trail,
        ...http.identity(),
        data: { code, withheld_status: status, method: http.method, path: pathOf(http.url) },
      }),
    );
  }
}
