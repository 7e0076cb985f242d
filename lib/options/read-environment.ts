type Variables = Readonly<Record<string, string | undefined>>;

/** Further names of some options, in the order in which they are looked for. ImmutableLog ingest contract, "Environment variables". */
export const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  apiKey: ['IMTBL_API_KEY', 'IMMUTABLELOG_API_KEY'],
  apiUrl: ['IMTBL_URL', 'IMTBL_API_URL', 'IMMUTABLELOG_URL'],
  serviceName: ['IMTBL_SERVICE_NAME', 'npm_package_name'],
  env: ['IMTBL_ENV', 'IMMUTABLELOG_ENV'],
  'capture.skipPaths': ['IMTBL_CAPTURE_SKIP_PATHS', 'IMTBL_SKIP_PATHS'],
  'ledger.privateKey': ['IMTBL_LEDGER_KEY', 'IMTBL_LEDGER_PRIVATE_KEY'],
};

/** Options that no text can give. */
const NOT_TEXT: ReadonlySet<string> = new Set(['client', 'capture.identify', 'ledger.signer']);

/** Whole numbers that have no default to be known by. */
const NUMBERS: ReadonlySet<string> = new Set(['ledger.retainForwardedDays', 'delivery.catchUpPerSecond']);

/** What the environment says of one section of the options, and in which variable. */
export interface EnvironmentSection {
  readonly values: Readonly<Record<string, unknown>>;
  /** Name of the variable by name of the option. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The variables of an option: `delivery.timeoutMs` is `IMTBL_DELIVERY_TIMEOUT_MS`. */
export function variablesOf(path: string): readonly string[] {
  return (
    VARIABLES[path] ?? [
      `IMTBL_${path
        .replace(/([A-Z])/g, '_$1')
        .replace('.', '_')
        .toUpperCase()}`,
    ]
  );
}

/** Reads the options of a section: for each the first variable that is set and not empty. */
export function readEnvironment(prefix: string, defaults: object, variables: Variables): EnvironmentSection {
  const found = Object.entries<unknown>({ ...defaults }).flatMap(([name, standard]) => {
    if (NOT_TEXT.has(prefix + name)) return [];
    for (const variable of variablesOf(prefix + name)) {
      const text = variables[variable]?.trim();
      if (text !== undefined && text !== '')
        return [{ name, variable, value: parse(text, NUMBERS.has(prefix + name) ? 0 : standard) }];
    }
    return [];
  });
  return {
    values: Object.fromEntries(found.map(({ name, value }) => [name, value])),
    variables: Object.fromEntries(found.map(({ name, variable }) => [name, variable])),
  };
}

/** A text as what its option is. What does not fit stays a text, which validation then refuses by name. */
function parse(text: string, standard: unknown): unknown {
  if (typeof standard === 'string') return text;
  const isStructured = /^[[{]/.test(text);
  if (Array.isArray(standard) && !isStructured) return text.split(',').map((part) => part.trim());
  // Without a default only lists and objects look like something else than a text.
  if (standard === undefined && !isStructured) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
