import { CaptureOptions } from './capture/capture.options.js';
import { DeliveryOptions } from './delivery/delivery.options.js';
import { RedactionOptions } from './event/redaction.options.js';
import { GeneralOptions, type ImmutableLogOptions, type ResolvedImmutableLogOptions } from './immutable-log.options.js';
import { LedgerOptions } from './ledger/ledger.options.js';
import { InvalidOptionsError } from './options/invalid-options.error.js';
import { readEnvironment, type EnvironmentOptions } from './options/read-environment.js';
import { resolveSection } from './options/resolve-section.js';
import { suggestOption } from './options/suggest-option.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** The option classes by the name of their section; the README's table is generated from them. */
export const OPTION_SECTIONS = {
  '': GeneralOptions,
  capture: CaptureOptions,
  redaction: RedactionOptions,
  ledger: LedgerOptions,
  delivery: DeliveryOptions,
} as const;

const OPTION_PATHS = Object.entries(OPTION_SECTIONS).flatMap(([section, Section]) =>
  Object.keys(new Section()).map((name) => (section === '' ? name : `${section}.${name}`)),
);

/**
 * Defaults, then the environment, then the given values without `undefined`; validated; frozen. Sync and async
 * registration and `createImmutableLog()` all come through here.
 *
 * @throws {InvalidOptionsError} with every problem at once.
 */
export function resolveImmutableLogOptions(
  given: ImmutableLogOptions | null | undefined,
  variables: Variables = process.env,
): ResolvedImmutableLogOptions {
  const { capture, redaction, ledger, delivery, skipPaths, ...general } = asObject(given);
  const environment = readEnvironment(variables);
  const chosen = generalValues(general, environment, variables);
  const resolved = {
    general: section('', chosen),
    capture: section('capture', withFlatSkipPaths(capture, skipPaths)),
    redaction: section('redaction', redaction),
    ledger: section('ledger', withLedgerPath(ledger, environment.ledgerPath)),
    delivery: section('delivery', delivery),
  };
  const values = resolved.general.values as GeneralOptions;
  const problems = [
    ...Object.values(resolved).flatMap((part) => part.problems),
    ...contradictions(asObject(given), values),
  ];
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  const destined = values.apiKey !== undefined || values.client !== undefined;
  return Object.freeze(
    Object.assign({}, values, {
      // A client knows its own base URL; the default is for ours.
      apiUrl: values.client !== undefined && !('apiUrl' in chosen) ? undefined : values.apiUrl,
      mode: values.mode ?? (destined ? ('remote' as const) : ('local' as const)),
      capture: resolved.capture.values as CaptureOptions,
      redaction: resolved.redaction.values as RedactionOptions,
      ledger: resolved.ledger.values as LedgerOptions,
      delivery: resolved.delivery.values as DeliveryOptions,
    }),
  );
}

function section(name: keyof typeof OPTION_SECTIONS, given: unknown) {
  return resolveSection<object>(OPTION_SECTIONS[name], given, {
    prefix: name === '' ? '' : `${name}.`,
    suggest: (wrong) => suggestOption(wrong, OPTION_PATHS),
  });
}

function asObject(given: unknown): ImmutableLogOptions {
  if (given === undefined || given === null) return {};
  if (typeof given === 'object') return given;
  throw new InvalidOptionsError([`options are a ${typeof given}: must be an object or left out`]);
}

function generalValues(
  general: Partial<GeneralOptions>,
  environment: EnvironmentOptions,
  variables: Variables,
): object {
  // A client brings its own credentials: a key that happens to be in the environment is not a contradiction.
  const { apiKey, ledgerPath: _ledgerPath, ...others } = environment;
  const env = general.development === true ? 'development' : (others.env ?? variables['NODE_ENV']);
  const fromEnvironment = { ...others, ...(env ? { env } : {}), ...(general.client || !apiKey ? {} : { apiKey }) };
  const given = Object.fromEntries(Object.entries<unknown>({ ...general }).filter(([, value]) => value !== undefined));
  return { ...fromEnvironment, ...given };
}

function withFlatSkipPaths(
  capture: ImmutableLogOptions['capture'],
  skipPaths: ImmutableLogOptions['skipPaths'],
): unknown {
  if (skipPaths === undefined) return capture;
  return { skipPaths, ...capture };
}

function withLedgerPath(ledger: ImmutableLogOptions['ledger'], path: string | undefined): unknown {
  return path === undefined || (ledger && typeof ledger !== 'object')
    ? ledger
    : { ...ledger, path: ledger?.path ?? path };
}

function contradictions(given: ImmutableLogOptions, values: GeneralOptions): string[] {
  const found: string[] = [];
  if (given.apiKey !== undefined && given.client !== undefined) {
    found.push('client and apiKey are both given: the client brings its own credentials, so remove one of them');
  }
  if (values.mode === 'remote' && values.apiKey === undefined && values.client === undefined) {
    found.push("mode is 'remote' but there is no apiKey: give apiKey or client, or set IMTBL_API_KEY");
  }
  if (given.skipPaths !== undefined && given.capture?.skipPaths !== undefined) {
    found.push('skipPaths and capture.skipPaths are both given: keep one of them');
  }
  if (given.client !== undefined && typeof (given.client as { request?: unknown }).request !== 'function') {
    found.push("client has no request() method: give an HttpService of '@nestjs/axios'");
  }
  return found;
}
