import { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../open-to-read.js';

export function vkeyCommand({ terminal, done }: CommandContext): Command {
  return new Command('vkey')
    .summary('print the key that verifies the ledger')
    .description('Prints the verifier key (vkey) of a ledger. Give it to those who verify, by a way of its own.')
    .requiredOption('--db <file>', 'the ledger')
    .addHelpText(
      'after',
      '\nExample: a policy that trusts this ledger\n  (echo "log $(immutable-log vkey --db ledger.db)"; echo "quorum none") > policy.txt\n',
    )
    .action(async ({ db }: { db: string }) => {
      await withLedger(db, (ledger) => terminal.print(`${ledger.vkey}\n`));
      done(EXIT.ok);
    });
}
