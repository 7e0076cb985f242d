import type { Guarantee } from '../event/audit-event.js';
import type { Awaited } from '../event/event-sink.js';
import { describeValue } from '../options/describe-value.js';

export const GUARANTEES = ['background', 'durable', 'confirmed'] as const satisfies readonly Guarantee[];
export const FAILURE_POLICIES = ['allow', 'reject'] as const;

/** What becomes of an answer whose event could not be kept as asked. */
export type OnFailure = (typeof FAILURE_POLICIES)[number];

/** How far an event comes before its caller goes on, and what happens if it does not come so far. */
export interface GuaranteeChoice {
  readonly guarantee: Guarantee;
  readonly onFailure: OnFailure;
}

export const IN_BACKGROUND: GuaranteeChoice = { guarantee: 'background', onFailure: 'allow' };

/** A choice that makes somebody wait. */
export interface Demand {
  readonly awaited: Awaited;
  readonly onFailure: OnFailure;
}

/** What is waited for, if anything: what was said of the method or route, else the choice that holds for all. */
export function demandOf(said: Partial<GuaranteeChoice> | undefined, otherwise: GuaranteeChoice): Demand | undefined {
  const guarantee = said?.guarantee ?? otherwise.guarantee;
  if (guarantee === 'background') return undefined;
  return { awaited: guarantee, onFailure: said?.onFailure ?? otherwise.onFailure };
}

/** Why an event was not kept as asked. */
export type KeepingFailure = Error & { readonly code: string };

/** What is wrong with a choice that came past the type system; `undefined` for a good one. */
export function unknownChoice({ guarantee, onFailure }: Partial<GuaranteeChoice>): string | undefined {
  if (guarantee !== undefined && !GUARANTEES.includes(guarantee)) return unknown('guarantee', guarantee, GUARANTEES);
  const isKnown = onFailure === undefined || FAILURE_POLICIES.includes(onFailure);
  return isKnown ? undefined : unknown('onFailure', onFailure, FAILURE_POLICIES);
}

function unknown(name: string, value: unknown, known: readonly string[]): string {
  return `${name} is ${describeValue(name, value)}: it must be one of ${known.map((one) => `'${one}'`).join(', ')}`;
}
