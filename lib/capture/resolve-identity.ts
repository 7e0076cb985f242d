import type { UnresolvedActor } from '../event/actor.js';
import type { Identify, Identity } from './capture.options.js';
import type { Annotation, KnownIdentity } from './request-context.js';

/** `null`: the request is not to be recorded. */
export type IdentityResult = Identity | UnresolvedActor | null | undefined;

/**
 * Asks the application who made the request. Whatever `identify` does — throw, reject, hang, answer nonsense — the answer
 * comes in time, at once where `identify` is synchronous, and is at worst "unresolved" with the reason.
 */
export function resolveIdentity(
  identify: Identify,
  request: unknown,
  { timeoutMs, done }: { timeoutMs: number; done: (identity: IdentityResult) => void },
): void {
  const asked = ask(identify, request);
  if ('promise' in asked) return awaitIdentity(asked.promise, timeoutMs, done);
  done('answer' in asked ? checked(asked.answer) : asked);
}

type Asked = { readonly answer: unknown } | { readonly promise: Promise<unknown> } | UnresolvedActor;

function ask(identify: Identify, request: unknown): Asked {
  try {
    const answer = identify(request);
    // What is no promise of the language's own can throw at every access, and when it is asked to tell its result.
    return isThenable(answer) ? { promise: Promise.resolve(answer) } : { answer };
  } catch (error) {
    return { unresolved: `identify threw ${describe(error)}` };
  }
}

/** Actor and tenant, the annotated ones first, field by field. */
export function knownIdentity(identity: Identity | null | undefined, annotation: Annotation): KnownIdentity {
  const actor = annotation.actor ? { ...identity, ...annotation.actor } : (identity ?? undefined);
  const tenant = annotation.tenant ?? identity?.tenant;
  return { ...(actor && { actor }), ...(tenant !== undefined && { tenant }) };
}

/**
 * `identify` for events inside a request, which cannot wait: its answer where it gives one at once. One that has answered
 * with a promise is not asked again before the response, so that it does not look everybody up twice.
 */
export function identifyAtOnce(identify: Identify): (request: unknown) => Identity | undefined {
  let synchronous = true;
  return (request) => {
    if (!synchronous) return undefined;
    const asked = ask(identify, request);
    if ('promise' in asked) {
      synchronous = false;
      asked.promise.catch(() => undefined);
    }
    const identity = 'answer' in asked ? checked(asked.answer) : undefined;
    return identity && !('unresolved' in identity) ? identity : undefined;
  };
}

function awaitIdentity(answer: Promise<unknown>, timeoutMs: number, done: (identity: IdentityResult) => void): void {
  let open = true;
  const finish = (identity: IdentityResult) => {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    done(identity);
  };
  const timer = setTimeout(
    () => finish({ unresolved: `identify took longer than ${String(timeoutMs)} ms` }),
    timeoutMs,
  );
  timer.unref();
  answer.then(
    (identity) => finish(checked(identity)),
    (error: unknown) => finish({ unresolved: `identify rejected with ${describe(error)}` }),
  );
}

function checked(answer: unknown): IdentityResult {
  if (answer === null || answer === undefined) return answer;
  if (typeof answer === 'object' && !Array.isArray(answer)) return readOnce(answer);
  return { unresolved: `identify returned a ${typeof answer} instead of an object, null or undefined` };
}

const FIELDS = ['id', 'label', 'email', 'type', 'apiKey', 'onBehalfOf', 'tenant'] as const;

/** The answer as plain data: an entity can load what it is asked for, and fail, wherever it is read. */
function readOnce(answer: object): Identity | UnresolvedActor {
  try {
    const given = answer as Readonly<Record<string, unknown>>;
    return Object.fromEntries(FIELDS.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
  } catch (error) {
    return { unresolved: `identify returned what cannot be read: ${describe(error)}` };
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function describe(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : `a ${typeof error}`;
  } catch {
    return 'something that cannot be read';
  }
}

/** Without `identify`: the usual fields of the `request.user` that guards and Passport strategies set. */
export const identifyUser: Identify = (request: { user?: unknown } | undefined) => {
  const user = request?.user;
  if (typeof user !== 'object' || user === null) return undefined;
  const { id, sub, userId, username, name, email, tenant, tenantId } = user as Record<string, unknown>;
  return {
    ...text('id', id ?? sub ?? userId ?? username),
    ...text('label', name ?? username),
    ...text('email', email),
    ...text('tenant', tenant ?? tenantId),
  };
};

function text(field: string, value: unknown): Record<string, string> {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? { [field]: String(value) }
    : {};
}
