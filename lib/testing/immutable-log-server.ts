import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { EventWaiters } from './event-waiters.js';
import { Ingest, MAX_BODY_BYTES, type IngestAnswer, type IngestRequest } from './ingest.js';
import { readBody } from './read-body.js';
import type { RecordedEvent } from './recorded-event.js';
import { eventsTable, findEvents, oneEvent, type EventFilter } from './recorded-events.js';
import { answers, type Behaviour } from './server-behaviour.js';

export interface ImmutableLogServerOptions {
  /** The only key that is let in. */
  readonly apiKey?: string;
  /** A free one when absent. */
  readonly port?: number;
}

/** One request as it arrived, whatever came of it. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** When all of it was there, in milliseconds since 1970. */
  readonly receivedAt: number;
  readonly behaviour: Behaviour['kind'];
  /** `undefined` while unanswered, and for ever when the connection was cut. */
  readonly status?: number;
}

/** Starts an ImmutableLog API on 127.0.0.1 that takes events, remembers them, and fails as it is told to. */
export async function startImmutableLogServer(options: ImmutableLogServerOptions = {}): Promise<ImmutableLogServer> {
  const { apiKey = 'iml_test_key_0123456789', port = 0 } = options;
  const http = createServer();
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, '127.0.0.1', resolve);
  });
  return new ImmutableLogServer(http, apiKey);
}

/** A running server: see `startImmutableLogServer()`. */
export class ImmutableLogServer {
  /** For the option `apiUrl`. */
  readonly url: string;
  /** Connections that were made, those that are open now, and most requests that were open at the same time. */
  readonly load = { connections: 0, openConnections: 0, mostAtOnce: 0 };
  private readonly received: RecordedRequest[] = [];
  private readonly ingest: Ingest;
  private readonly waiters = new EventWaiters(() => this.events);
  private scripted: Behaviour[] = [];
  private otherwise: Behaviour = answers.accept();
  private open = 0;
  private held: Promise<void> | undefined;
  private readonly releases = new Set<() => void>();

  constructor(
    private readonly http: Server,
    readonly apiKey: string,
  ) {
    this.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    this.ingest = new Ingest(apiKey);
    http.on('connection', (socket: Socket) => this.countConnection(socket));
    http.on('request', (request: IncomingMessage, response: ServerResponse) => void this.serve(request, response));
  }

  /** Accepted events in order of arrival, each once. */
  get events(): readonly RecordedEvent[] {
    return this.ingest.events;
  }

  /** Every attempt, also those that were refused. */
  get requests(): readonly RecordedRequest[] {
    return this.received;
  }

  /** How the next requests are met, one each. */
  script(...behaviours: readonly Behaviour[]): void {
    this.scripted.push(...behaviours);
  }

  /** How requests are met for which nothing is scripted. */
  always(behaviour: Behaviour): void {
    this.otherwise = behaviour;
  }

  /**
   * Takes requests and leaves them unanswered, until the function that is returned is called: then each is met as it
   * would have been. Shows that nothing waits for an answer.
   */
  hold(): () => void {
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const release = (): void => {
      if (this.held === held) this.held = undefined;
      this.releases.delete(release);
      letGo();
    };
    this.held = held;
    this.releases.add(release);
    return release;
  }

  /** Forgets everything: events, requests and scripts. Lets go of what it holds. */
  reset(): void {
    for (const release of this.releases) release();
    this.ingest.clear();
    this.received.length = 0;
    this.scripted = [];
    this.otherwise = answers.accept();
    Object.assign(this.load, { connections: 0, mostAtOnce: 0 });
  }

  find(filter?: EventFilter): RecordedEvent[] {
    return findEvents(this.events, filter);
  }

  /** The one event that fits; throws, with a table of what there is, when there is none or more than one. */
  one(filter?: EventFilter): RecordedEvent {
    return oneEvent(this.events, filter);
  }

  table(): string {
    return eventsTable(this.events);
  }

  /** Waits for so many events, or until the predicate holds. Rejects with a table of what there is. */
  waitFor(
    wanted: number | ((events: readonly RecordedEvent[]) => boolean),
    timeoutMs = 5_000,
  ): Promise<readonly RecordedEvent[]> {
    return this.waiters.wait(wanted, timeoutMs);
  }

  /** Ends the server and every connection, also those it leaves hanging. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.http.close(() => resolve());
      this.http.closeAllConnections();
    });
  }

  private countConnection(socket: Socket): void {
    this.load.connections++;
    this.load.openConnections++;
    socket.once('close', () => this.load.openConnections--);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.load.mostAtOnce = Math.max(this.load.mostAtOnce, ++this.open);
    response.once('close', () => this.open--);
    const body = await readBody(request, MAX_BODY_BYTES).catch(() => 'aborted' as const);
    if (body === 'aborted') return;
    const { method = '', url: path = '' } = request;
    const headers = request.headers as Record<string, string>;
    const known = method === 'POST' && path === '/v1/events';
    const behaviour = known ? (this.scripted.shift() ?? this.otherwise) : refuseUnknownPath;
    const text = body?.toString('utf8') ?? '';
    const recorded = { method, path, headers, body: text, receivedAt: Date.now(), behaviour: behaviour.kind };
    const entry: RecordedRequest & { status?: number } = recorded;
    this.received.push(entry);
    response.once('finish', () => (entry.status = response.statusCode));
    await this.held;
    if (behaviour.kind === 'accept' && behaviour.afterMs !== undefined) await delay(behaviour.afterMs);
    this.behave(behaviour, { headers, body }, response);
    this.waiters.check();
  }

  private behave(behaviour: Behaviour, request: IngestRequest, response: ServerResponse): void {
    switch (behaviour.kind) {
      case 'accept':
        return answer(response, this.ingest.receive(request));
      case 'refuse': {
        const { status, reason, headers } = behaviour;
        return answer(response, { status, json: { ok: false, reason } }, headers);
      }
      case 'reset':
        if (behaviour.recorded) this.ingest.receive(request);
        response.socket?.resetAndDestroy();
        return;
      case 'hang':
        return;
      case 'garbage':
        response.writeHead(200, { 'Content-Type': 'text/html' }).end(behaviour.body);
        return;
      case 'truncated-json': {
        const { status, json } = this.ingest.receive(request);
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(json).slice(0, 20));
        return;
      }
      case 'wrong-hash': {
        const { status, json } = this.ingest.receive(request);
        return answer(response, { status, json: { ...json, payload_hash: '0'.repeat(64) } });
      }
      default:
        behaviour satisfies never;
    }
  }
}

const refuseUnknownPath: Behaviour = answers.status(404, { reason: 'not_found' });

function answer(response: ServerResponse, { status, json }: IngestAnswer, headers = {}): void {
  // What was not read of a body that is too long would be taken for the next request.
  const connection = status === 413 ? { Connection: 'close' } : {};
  const text = JSON.stringify(json);
  response.writeHead(status, { 'Content-Type': 'application/json', ...connection, ...headers }).end(text);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
