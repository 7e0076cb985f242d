import { types } from 'node:util';
import { catchError, concatWith, defer, finalize, from, ignoreElements, isObservable, EMPTY, Observable } from 'rxjs';

/** How an observed call ended. */
export type CallEnd =
  /** `late`: by a promise or an Observable, so that its caller can be made to wait. */
  | { readonly kind: 'returned'; readonly late: boolean }
  | { readonly kind: 'threw'; readonly late: boolean; readonly error: unknown }
  /** The subscriber left before the end; no failure: `firstValueFrom` does that. */
  | { readonly kind: 'cancelled' };

/** Told how a call ended; the caller of a late one waits for what it returns, and gets its rejection for a result. */
export type OnCallEnd = (end: CallEnd) => Promise<void> | undefined;

export interface CallObserver {
  /** The caller may be made to wait. */
  readonly waits: boolean;
  readonly begin: () => OnCallEnd;
}

/**
 * Runs a function and tells how it ended, without changing what its caller gets: a value stays a value, a promise a
 * promise, an Observable stays cold and is told of once per subscription, and lazy thenables (query builders) are not
 * started.
 */
export function observeCall(call: () => unknown, observer: CallObserver): unknown {
  const end = observer.begin();
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    void end({ kind: 'threw', late: false, error });
    throw error;
  }
  if (types.isPromise(result)) return observePromise(result, end, observer.waits);
  if (isPlainObservable(result)) return observeObservable(result, observer.begin);
  void end({ kind: 'returned', late: false });
  return result;
}

/** A Subject or another subclass has members that a wrapper would lose; a proxy may throw when it is asked what it is. */
function isPlainObservable(result: unknown): result is Observable<unknown> {
  try {
    return isObservable(result) && result.constructor === Observable;
  } catch {
    return false;
  }
}

function observePromise(promise: Promise<unknown>, end: OnCallEnd, waits: boolean): Promise<unknown> {
  const derived = promise.then(
    (value) => {
      const kept = end({ kind: 'returned', late: true });
      return kept === undefined ? value : kept.then(() => value);
    },
    (error: unknown) => failAfter(end({ kind: 'threw', late: true, error }), error),
  );
  if (waits || promise.constructor === Promise) return derived;
  // A subclass may carry members of its own, so its caller gets the original; the derived one's rejection is ours to end.
  derived.catch(() => undefined);
  return promise;
}

function observeObservable(source: Observable<unknown>, begin: () => OnCallEnd): Observable<unknown> {
  return defer(() => {
    const end = once(begin());
    return source.pipe(
      catchError((error: unknown) => {
        const kept = end({ kind: 'threw', late: true, error });
        if (kept === undefined) throw error;
        return from(failAfter(kept, error));
      }),
      concatWith(
        defer(() => {
          const kept = end({ kind: 'returned', late: true });
          return kept === undefined ? EMPTY : from(kept).pipe(ignoreElements());
        }),
      ),
      finalize(() => void end({ kind: 'cancelled' })),
    );
  });
}

/** The call's own error, when its event is kept or is known not to be. */
function failAfter(kept: Promise<void> | undefined, error: unknown): never | Promise<never> {
  const fail = (): never => {
    throw error;
  };
  return kept === undefined ? fail() : kept.then(fail, fail);
}

function once(end: OnCallEnd): OnCallEnd {
  let ended = false;
  return (how) => {
    if (ended) return undefined;
    ended = true;
    return end(how);
  };
}
