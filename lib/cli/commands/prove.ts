import { Command } from 'commander';
import { trustInKeys } from '../../ledger/audit/open-checkpoint.js';
import { replaceFile } from '../../ledger/export/replace-file.js';
import type { Ledger } from '../../ledger/ledger.js';
import { LedgerCorruptError } from '../../ledger/ledger-errors.js';
import { parseOpening } from '../../ledger/leaf/opening.js';
import { checkTlogProof } from '../../ledger/verify/verify-tlog-proof.js';
import { parseTlogProof } from '../../ledger/verify/tlog-proof.js';
import { parseTxId } from '../../ledger/leaf/tx-id.js';
import type { CommandContext } from '../command-context.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../open-to-read.js';
import { requireApart } from '../require-apart.js';
import { UsageError } from '../usage.error.js';

interface Options {
  readonly db: string;
  readonly out?: string;
}

export function proveCommand({ terminal, done }: CommandContext): Command {
  return new Command('prove')
    .summary('write the proof that an event is in the ledger')
    .description(
      'Writes the .tlog-proof of an event: who has it, the event and the vkey needs nothing else to verify it.',
    )
    .argument('<tx_id>', 'the event')
    .requiredOption('--db <file>', 'the ledger')
    .option('--out <path>', 'where to; - is the standard output (default: <tx_id>.tlog-proof)')
    .addHelpText(
      'after',
      '\nExample:\n  immutable-log prove --db ledger.db tx_01a7… --out evidence/order-42.tlog-proof\n',
    )
    .action(async (id: string, { db, out = `${id}.tlog-proof` }: Options) => {
      if (parseTxId(id) === undefined) throw new UsageError('a tx_id is tx_ and 64 lower-case hexadecimal digits');
      if (out !== '-') requireApart(out, db);
      const proof = await withLedger(db, (ledger) => prove(ledger, id));
      if (out === '-') await terminal.print(proof);
      else {
        await replaceFile(out, (write) => write(proof));
        terminal.note(`${out}\n`);
      }
      done(EXIT.ok);
    });
}

async function prove(ledger: Ledger, id: string): Promise<string> {
  const proof = await ledger.proof(id);
  if (proof === undefined) throw new UsageError(`the ledger has no event ${id}`);
  // A proof out of a ledger that was tampered with would only be found out by its holder.
  const opening = parseOpening(parseTlogProof(proof)?.extra ?? new Uint8Array());
  if (checkTlogProof(proof, opening?.leaf ?? '', trustInKeys([ledger.vkey])).kind !== 'verified') {
    throw new LedgerCorruptError(`its proof of ${id} does not hold: verify it`);
  }
  return proof;
}
