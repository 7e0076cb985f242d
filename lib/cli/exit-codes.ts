/** What a shell is told. */
export const EXIT = { ok: 0, tampering: 1, suspicious: 2, failed: 3 } as const;

export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done; verify: everything that was checked holds',
  tampering: 'verify: proof of tampering. Keep what --json says: it has the signed notes',
  suspicious: 'verify: incomplete or suspicious',
  failed: 'wrong usage, or something could not be read or written',
};

export const EXIT_CODES_HELP = `
Exit codes:
${exits()
  .map(([code, meaning]) => `  ${code}  ${meaning}\n`)
  .join('')}`;

export function exits(): readonly (readonly [code: number, meaning: string])[] {
  return Object.entries(EXIT).map(([name, code]) => [code, EXIT_MEANINGS[name as keyof typeof EXIT]]);
}
