import { validateSync, type ValidationError } from 'class-validator';
import { describeValue } from './describe-value.js';

/** One option class resolved: the frozen values, and what is wrong with them. */
export interface ResolvedSection<T> {
  readonly values: Readonly<T>;
  readonly problems: readonly string[];
}

/** What a section is called in messages, and where names that it does not know may belong. */
export interface SectionContext {
  /** Path in front of the section's names, e.g. `delivery.`; empty at the top level. */
  readonly prefix: string;
  /** The full path of an option that exists elsewhere under this name. */
  readonly suggest: (name: string) => string | undefined;
}

/**
 * The class's defaults, then the given values without `undefined`, then one validation, then frozen. Not
 * class-transformer: it copies nested instances, so a client given as an option would no longer be the caller's object.
 */
export function resolveSection<T extends object>(
  Section: new () => T,
  given: unknown,
  context: SectionContext,
): ResolvedSection<T> {
  const defaults = new Section();
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    const name = context.prefix.replace(/\.$/, '') || 'options';
    return {
      values: Object.freeze(defaults),
      problems: [`${name} is ${describeValue(name, given)}: must be an object`],
    };
  }
  const values = Object.assign(defaults, definedOnly(given ?? {}));
  const errors = validateSync(values, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false });
  return { values: Object.freeze(values), problems: errors.flatMap((error) => describe(error, context)) };
}

function definedOnly(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function describe(error: ValidationError, { prefix, suggest }: SectionContext): string[] {
  const path = prefix + error.property;
  const constraints = error.constraints ?? {};
  if ('whitelistValidation' in constraints) {
    const meant = suggest(error.property);
    return [
      `${path} is no option${meant === undefined ? ': remove it or correct its spelling' : `: did you mean ${meant}?`}`,
    ];
  }
  const value = describeValue(path, error.value);
  return Object.values(constraints).map((rule) => `${path} is ${value}: ${rule.replace(`${error.property} `, '')}`);
}
