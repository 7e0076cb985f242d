import * as ledgerErrors from '../../ledger/ledger-errors.js';
import * as deliveryErrors from '../delivery-errors.js';
import * as forwardErrors from '../forwarder/forward-errors.js';

/** An error as it crosses the border of a thread: cloning keeps neither its class nor its code. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly code: string;
  /** Its other members that are plain: `status`, `reason`, `retryable` and so on. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

type CodedError = Error & { readonly code: string };

const CLASSES = Object.entries<unknown>({ ...ledgerErrors, ...deliveryErrors, ...forwardErrors });

export function toPlainError(error: CodedError): PlainError {
  const details = Object.fromEntries(
    Object.entries(error as unknown as Record<string, unknown>).filter(([, value]) =>
      ['string', 'number', 'boolean'].includes(typeof value),
    ),
  ) as PlainError['details'];
  return { name: error.name, message: error.message, code: error.code, details };
}

/** The error again, an instance of its class: callers ask for it with `instanceof`. */
export function fromPlainError({ name, message, code, details }: PlainError): CodedError {
  const error = new Error(message);
  const known = CLASSES.find(([className]) => className === name)?.[1];
  if (typeof known === 'function') Object.setPrototypeOf(error, known.prototype as object);
  return Object.assign(error, details, { name, code });
}
