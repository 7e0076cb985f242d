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

/** Names that would change what class the options are of, which JSON can bring. */
const UNSPEAKABLE: ReadonlySet<string> = new Set(['__proto__', 'constructor']);

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
  const own = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  const values = Object.assign(defaults, Object.fromEntries(own.filter(([name]) => !UNSPEAKABLE.has(name))));
  const errors = validateSync(values, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false });
  const problems = [
    ...own.flatMap(([name]) => (UNSPEAKABLE.has(name) ? [unknown(name, context)] : [])),
    ...errors.flatMap((error) => describe(error, context)),
  ];
  return { values: Object.freeze(values), problems };
}

function describe(error: ValidationError, context: SectionContext): string[] {
  const path = context.prefix + error.property;
  const constraints = error.constraints ?? {};
  if ('whitelistValidation' in constraints) return [unknown(error.property, context)];
  const value = describeValue(path, error.value);
  const subject = `${error.property} `;
  return Object.values(constraints).map((rule) => {
    return `${path} is ${value}: ${rule.startsWith(subject) ? rule.slice(subject.length) : rule}`;
  });
}

function unknown(name: string, { prefix, suggest }: SectionContext): string {
  const meant = suggest(name);
  return `${prefix}${name} is no option: ${meant === undefined ? 'remove it or correct its spelling' : `did you mean ${meant}?`}`;
}
