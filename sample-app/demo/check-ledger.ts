import Sqlite from 'better-sqlite3';
import { databaseSource, exitCode, openLedger, verifyLedger } from 'nestjs-immutable-log/ledger';
import type { VerifyReport } from 'nestjs-immutable-log/ledger';
import { parsePolicy } from 'nestjs-immutable-log/verify';
import { cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const RESULTS = ['verified', 'TAMPERED WITH', 'incomplete or suspicious'] as const;

/** Verifies the shop's ledger, changes one event in a copy of it, and verifies that. Returns what is not as it must be. */
export async function checkLedger(path: string): Promise<string[]> {
  const ledger = await openLedger({ path, readOnly: true, logger: console });
  const vkey = ledger.vkey;
  await ledger.close();

  const own = await verify(path, vkey);
  console.log(`\nThe ledger has ${own.entries} entries, signed by ${vkey}`);
  console.log(`  immutable-log verify: ${describe(own)}`);

  const copy = join(await copyOf(dirname(path)), 'ledger.db');
  const index = forge(copy);
  const forged = await verify(copy, vkey);
  console.log(`In a copy, somebody turns the refusal of entry ${index} into a success:`);
  console.log(`  immutable-log verify: ${describe(forged)}`);

  const [finding] = forged.findings.filter(({ severity }) => severity === 'tampering');
  return [
    ...(exitCode(own) === 0 ? [] : [`the ledger is ${describe(own)}`]),
    ...(finding?.code === 'CONTENT_ALTERED' && finding.index === index ? [] : ['the forgery was not found']),
  ];
}

async function verify(path: string, vkey: string): Promise<VerifyReport> {
  const policy = parsePolicy(`log ${vkey}\nquorum none\n`);
  const source = await databaseSource(path);
  try {
    return await verifyLedger(source, { policy, content: true });
  } finally {
    await source.close();
  }
}

function describe(report: VerifyReport): string {
  const findings = report.findings.filter(({ severity }) => severity !== 'info');
  const lines = findings.map(({ code, index, message }) => `    ${code} ${index ?? ''} ${message}`);
  return [RESULTS[exitCode(report)], ...lines].join('\n');
}

async function copyOf(folder: string): Promise<string> {
  await cp(folder, `${folder}-copy`, { recursive: true });
  return `${folder}-copy`;
}

/** What somebody with access to the file could do: the triggers against mistakes are dropped first. */
function forge(path: string): number {
  const database = new Sqlite(path);
  const refused = `SELECT idx FROM content WHERE CAST(payload AS TEXT) LIKE '%"outcome":"denied"%' ORDER BY idx LIMIT 1`;
  const { idx } = database.prepare<[], { idx: number }>(refused).get() ?? { idx: -1 };
  database.exec('DROP TRIGGER content_is_fixed');
  database
    .prepare(
      `UPDATE content SET payload =
         CAST(replace(CAST(payload AS TEXT), '"outcome":"denied"', '"outcome":"success"') AS BLOB) WHERE idx = ?`,
    )
    .run(idx);
  database.close();
  return idx;
}
