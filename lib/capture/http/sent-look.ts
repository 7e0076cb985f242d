import type { RawResponse } from './platform-request.js';

type Prototype = object;

const looks = new WeakMap<Prototype, Prototype>();
const ended = new WeakSet<RawResponse>();

/**
 * Makes a response that is held look to the application as it would by now without us: its head is sent. Fastify, NestJS's
 * filters and applications ask `headersSent` and `writableEnded` before they answer, and rely on `setHeader()` to throw.
 * By its prototype: what Node calls `headersSent` is a getter there.
 */
export function lookSent(response: RawResponse): void {
  const prototype = Object.getPrototypeOf(response) as Prototype;
  if (isLook(prototype)) return;
  const look = looks.get(prototype) ?? makeLook(prototype);
  looks.set(prototype, look);
  Object.setPrototypeOf(response, look);
}

/** Also looks ended. */
export function lookEnded(response: RawResponse): void {
  ended.add(response);
  lookSent(response);
}

/** The response is as Node says it is again. */
export function lookAsIs(response: RawResponse): void {
  const look = Object.getPrototypeOf(response) as Prototype;
  if (isLook(look)) Object.setPrototypeOf(response, Object.getPrototypeOf(look) as Prototype);
}

/** As Node's own. */
export function headersSentError(doing: string): Error {
  const message = `Cannot ${doing} headers after they are sent to the client`;
  return Object.assign(new Error(message), { code: 'ERR_HTTP_HEADERS_SENT' });
}

const LOOK = Symbol('nestjs-immutable-log.look');

function isLook(prototype: Prototype): boolean {
  return Object.hasOwn(prototype, LOOK);
}

function makeLook(prototype: Prototype): Prototype {
  const refuse = (doing: string) => ({
    value: () => {
      throw headersSentError(doing);
    },
  });
  return Object.create(prototype, {
    [LOOK]: { value: true },
    headersSent: { get: () => true },
    writableEnded: {
      get(this: RawResponse) {
        return ended.has(this);
      },
    },
    setHeader: refuse('set'),
    setHeaders: refuse('set'),
    appendHeader: refuse('append'),
    removeHeader: refuse('remove'),
  }) as Prototype;
}
