import { ValidateBy, validateSync } from 'class-validator';
import { RefusedRequest } from './refusals.js';
import type { RefusalReason } from './refusals.js';

/** The body of `POST /v1/events`: ImmutableLog ingest contract, section "Request". */
export class EventSubmission {
  @RefusedUnless((value) => typeof value === 'string', 'payload_missing')
  @RefusedUnless((value) => typeof value !== 'string' || value.isWellFormed(), 'payload_not_well_formed')
  readonly payload: string;

  @RefusedUnless(isTextMap, 'meta_not_a_map_of_strings')
  readonly meta: Readonly<Record<string, string>>;

  private constructor({ payload, meta = {} }: { readonly payload?: unknown; readonly meta?: unknown }) {
    this.payload = payload as string;
    this.meta = meta as Readonly<Record<string, string>>;
  }

  /** What a body says, past every pipe of the application. Other members than these two are nobody's. */
  static from(body: unknown): EventSubmission {
    const submission = new EventSubmission(Object(body) as object);
    const [reason] = validateSync(submission, { forbidUnknownValues: false }).flatMap(({ constraints }) =>
      Object.values(constraints ?? {}),
    );
    if (reason !== undefined) throw new RefusedRequest(reason as RefusalReason);
    return submission;
  }
}

function RefusedUnless(holds: (value: unknown) => boolean, reason: RefusalReason): PropertyDecorator {
  return ValidateBy({ name: reason, validator: { validate: holds, defaultMessage: () => reason } });
}

function isTextMap(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([name, text]: [string, unknown]) => name.isWellFormed() && typeof text === 'string' && text.isWellFormed(),
  );
}
