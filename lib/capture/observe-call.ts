import { types } from 'node:util';
import { defer, finalize, isObservable, Observable, tap, catchError } from 'rxjs';

/** How an observed call ended. */
export type CallEnd =
  | { readonly kind: 'returned' }
  | { readonly kind: 'threw'; readonly error: unknown }
  /** The subscriber left before the end; no failure: `firstValueFrom` does that. */
  | { readonly kind: 'cancelled' };

/**
 * Runs a function and tells how it ended, without changing what its caller gets: a value stays a value, a promise a
 * promise, an Observable stays cold and is told of once per subscription, and lazy thenables (query builders) are not
 * started.
 */
export function observeCall(call: () => unknown, begin: () => (end: CallEnd) => void): unknown {
  const end = begin();
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    end({ kind: 'threw', error });
    throw error;
  }
  if (types.isPromise(result)) return observePromise(result, end);
  // A Subject or another subclass has members that a wrapper would lose.
  if (isObservable(result) && result.constructor === Observable) return observeObservable(result, begin);
  end({ kind: 'returned' });
  return result;
}

function observePromise(promise: Promise<unknown>, end: (end: CallEnd) => void): Promise<unknown> {
  const derived = promise.then(
    (value) => {
      end({ kind: 'returned' });
      return value;
    },
    (error: unknown) => {
      end({ kind: 'threw', error });
      throw error;
    },
  );
  if (promise.constructor === Promise) return derived;
  // A subclass may carry members of its own, so its caller gets the original; the derived one's rejection is ours to end.
  derived.catch(() => undefined);
  return promise;
}

function observeObservable(source: Observable<unknown>, begin: () => (end: CallEnd) => void): Observable<unknown> {
  return defer(() => {
    const end = once(begin());
    return source.pipe(
      tap({ complete: () => end({ kind: 'returned' }) }),
      catchError((error: unknown) => {
        end({ kind: 'threw', error });
        throw error;
      }),
      finalize(() => end({ kind: 'cancelled' })),
    );
  });
}

function once(end: (end: CallEnd) => void): (end: CallEnd) => void {
  let ended = false;
  return (how) => {
    if (ended) return;
    ended = true;
    end(how);
  };
}
