/** Options that environment variables give; each is read when the option itself is not given. */
const VARIABLES = {
  apiKey: ['IMTBL_API_KEY', 'IMMUTABLELOG_API_KEY'],
  apiUrl: ['IMTBL_URL', 'IMMUTABLELOG_URL'],
  serviceName: ['IMTBL_SERVICE_NAME', 'npm_package_name'],
  env: ['IMTBL_ENV', 'IMMUTABLELOG_ENV'],
  ledgerPath: ['IMTBL_LEDGER_PATH'],
} as const;

export type EnvironmentOptions = { readonly [Option in keyof typeof VARIABLES]?: string };

/** The first variable of each option that is set and not empty. Names: ImmutableLog ingest contract, "Environment variables". */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): EnvironmentOptions {
  const found = Object.entries(VARIABLES).flatMap(([option, names]) => {
    const value = names.map((name) => variables[name]?.trim()).find((text) => text !== undefined && text !== '');
    return value === undefined ? [] : [[option, value] as const];
  });
  return Object.fromEntries(found);
}
