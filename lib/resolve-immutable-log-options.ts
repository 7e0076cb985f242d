import { CaptureOptions } from './capture/capture.options.js';
import { DeliveryOptions } from './delivery/delivery.options.js';
import { RedactionOptions } from './event/redaction.options.js';
import { GeneralOptions, type ImmutableLogOptions, type ResolvedImmutableLogOptions } from './immutable-log.options.js';
import { LedgerOptions } from './ledger/ledger.options.js';
import { InvalidOptionsError } from './options/invalid-options.error.js';
import { readEnvironment, variablesOf } from './options/read-environment.js';
import { resolveSection, type ResolvedSection } from './options/resolve-section.js';
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
  const chosen = definedOnly(general);
  const resolved = {
    general: section('', withEnv(chosen, variables), forClient(general, variables)),
    capture: section('capture', withFlatSkipPaths(capture, skipPaths), variables),
    redaction: section('redaction', redaction, variables),
    ledger: section('ledger', ledger, forKeyFile(ledger, variables)),
    delivery: section('delivery', delivery, variables),
  };
  const values = resolved.general.values as GeneralOptions;
  const problems = [
    ...Object.values(resolved).flatMap((part) => part.problems),
    ...contradictions(asObject(given), values),
    ...retentionInVain(values, resolved.ledger.values as LedgerOptions),
  ];
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return Object.freeze(
    Object.assign({}, values, {
      // A client knows its own base URL; the default is for ours.
      apiUrl: values.client && !('apiUrl' in chosen) && !isSet('apiUrl', variables) ? undefined : values.apiUrl,
      mode: modeOf(values),
      capture: resolved.capture.values as CaptureOptions,
      redaction: resolved.redaction.values as RedactionOptions,
      ledger: resolved.ledger.values as LedgerOptions,
      delivery: resolved.delivery.values as DeliveryOptions,
    }),
  );
}

function section(name: keyof typeof OPTION_SECTIONS, given: unknown, variables: Variables): ResolvedSection<object> {
  const Section = OPTION_SECTIONS[name];
  const prefix = name === '' ? '' : `${name}.`;
  const environment = readEnvironment(prefix, new Section(), variables);
  const merged = isRecord(given) ? { ...environment.values, ...definedOnly(given) } : given;
  const suggest = (wrong: string): string | undefined => suggestOption(wrong, OPTION_PATHS);
  const { values, problems } = resolveSection<object>(Section, merged, { prefix, suggest });
  return {
    values,
    problems: problems.map((problem) => withVariable(problem, environment.variables, { prefix, given })),
  };
}

/** Says of a wrong value that it came from the environment, where nobody would look for it else. */
function withVariable(
  problem: string,
  variables: Readonly<Record<string, string>>,
  { prefix, given }: { prefix: string; given: unknown },
): string {
  const found = Object.entries(variables).find(([option]) => problem.startsWith(`${prefix}${option} `));
  if (found === undefined || (isRecord(given) && given?.[found[0]] !== undefined)) return problem;
  return `${problem} (from ${found[1]})`;
}

function isRecord(given: unknown): given is Record<string, unknown> | undefined {
  return given === undefined || (typeof given === 'object' && given !== null && !Array.isArray(given));
}

function definedOnly<T extends object>(values: T | undefined): T {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => value !== undefined)) as T;
}

function asObject(given: unknown): ImmutableLogOptions {
  if (given === undefined || given === null) return {};
  if (typeof given === 'object') return given;
  throw new InvalidOptionsError([`options are a ${typeof given}: must be an object or left out`]);
}

/** `env` of a development event, and what NODE_ENV says where nothing else does. */
function withEnv(general: Partial<GeneralOptions>, variables: Variables): object {
  if (general.development === true) return { env: 'development', ...general };
  const nodeEnv = variables['NODE_ENV'];
  return nodeEnv && !isSet('env', variables) ? { env: nodeEnv, ...general } : general;
}

function isSet(option: keyof GeneralOptions, variables: Variables): boolean {
  return option in readEnvironment('', { [option]: '' }, variables).values;
}

/** A client brings its own credentials: a key that happens to be in the environment is not a contradiction. */
function forClient({ client }: Partial<GeneralOptions>, variables: Variables): Variables {
  if (client === undefined) return variables;
  return { ...variables, ...Object.fromEntries(variablesOf('apiKey').map((name) => [name, undefined])) };
}

/** Whoever names the file of the key means that key: what comes for it from the environment stays out, as `openLedger` has it. */
function forKeyFile(ledger: ImmutableLogOptions['ledger'], variables: Variables): Variables {
  if (ledger?.keyPath === undefined) return variables;
  return { ...variables, ...Object.fromEntries(variablesOf('ledger.privateKey').map((name) => [name, undefined])) };
}

function withFlatSkipPaths(
  capture: ImmutableLogOptions['capture'],
  skipPaths: ImmutableLogOptions['skipPaths'],
): unknown {
  if (skipPaths === undefined) return capture;
  return { skipPaths, ...capture };
}

function modeOf({ mode, apiKey, client }: GeneralOptions): ResolvedImmutableLogOptions['mode'] {
  return mode ?? (apiKey !== undefined || client !== undefined ? 'hybrid' : 'local');
}

/** What is not forwarded is never erased, and somebody counts on it. */
function retentionInVain(values: GeneralOptions, { retainForwardedDays: days }: LedgerOptions): string[] {
  if (days === undefined || modeOf(values) !== 'local') return [];
  return [
    `ledger.retainForwardedDays is ${days}, but in mode 'local' nothing is forwarded and so nothing would be erased: ` +
      'give apiKey or client, or leave it out',
  ];
}

function contradictions(given: ImmutableLogOptions, values: GeneralOptions): string[] {
  const found: string[] = [];
  if (given.apiKey !== undefined && given.client !== undefined) {
    found.push('client and apiKey are both given: the client brings its own credentials, so remove one of them');
  }
  const isSending = values.mode === 'remote' || values.mode === 'hybrid';
  if (isSending && values.apiKey === undefined && values.client === undefined) {
    found.push(`mode is '${values.mode}' but there is no apiKey: give apiKey or client, or set IMTBL_API_KEY`);
  }
  if (values.mode === 'remote' && values.guarantee === 'durable') {
    found.push("guarantee is 'durable' but mode 'remote' has no ledger: use 'confirmed', or leave out mode");
  }
  const inProcess = given.client !== undefined ? 'client' : given.ledger?.signer !== undefined ? 'ledger.signer' : '';
  if (given.delivery?.worker === true && inProcess !== '') {
    found.push(`delivery.worker is true, but ${inProcess} cannot go to another thread: remove one of them`);
  }
  if (given.skipPaths !== undefined && given.capture?.skipPaths !== undefined) {
    found.push('skipPaths and capture.skipPaths are both given: keep one of them');
  }
  if (given.client !== undefined && typeof (given.client as { request?: unknown }).request !== 'function') {
    found.push("client has no request() method: give an HttpService of '@nestjs/axios'");
  }
  return found;
}
