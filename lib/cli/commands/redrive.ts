import { Command, Option } from 'commander';
import { listRejections, redriveRejected } from '../../delivery/forwarder/kept-outcomes.js';
import { parseDecimal } from '../../ledger/encoding/decimal.js';
import { parseTxId } from '../../ledger/leaf/tx-id.js';
import type { CommandContext } from '../command-context.js';
import { EXIT } from '../exit-codes.js';
import { requireLedger } from '../open-to-read.js';
import { parseCount } from '../parse-count.js';
import { UsageError } from '../usage.error.js';

interface Options {
  readonly db: string;
  readonly all?: boolean;
  readonly status?: number;
}

const EXAMPLES = `
Examples:
  immutable-log redrive --db ledger.db 1204 tx_01a7…
  immutable-log redrive --db ledger.db --all --status 422
`;

export function redriveCommand({ terminal, done }: CommandContext): Command {
  return new Command('redrive')
    .summary('send rejected events again')
    .description(
      'Has events that the API refused for good sent again, and ends a pause: at once by the process that forwards the ' +
        'ledger, else by the next that does. See which: receipts --rejected.',
    )
    .argument('[event...]', 'each by its tx_id or its place in the log')
    .requiredOption('--db <file>', 'the ledger')
    .option('--all', 'every event that was rejected')
    .addOption(new Option('--status <code>', 'of all, only those refused with this status').argParser(parseCount))
    .addHelpText('after', EXAMPLES)
    .action(async (events: string[], options: Options) => {
      const count = await redrive(events, options);
      terminal.note(`${count} ${count === 1 ? 'event is' : 'events are'} sent again\n`);
      done(EXIT.ok);
    });
}

async function redrive(events: readonly string[], { db, all = false, status }: Options): Promise<number> {
  if (all === events.length > 0) throw new UsageError('give the events, or --all');
  if (!all && status !== undefined) throw new UsageError('--status goes with --all');
  requireLedger(db);
  return redriveRejected(db, all ? { status } : { txIds: await rejected(db, new Set(events)) });
}

/** The tx_ids of events. All of them are rejected, or nothing is done. */
async function rejected(db: string, events: ReadonlySet<string>): Promise<string[]> {
  for (const event of events) {
    if (parseTxId(event) === undefined && parseDecimal(event) === undefined) {
      throw new UsageError(`${event} is neither a tx_id nor a place in the log`);
    }
  }
  const missing = new Set(events);
  const found: string[] = [];
  for await (const { index, txId } of listRejections(db)) {
    if (events.has(txId) || events.has(String(index))) found.push(txId);
    missing.delete(txId);
    missing.delete(String(index));
  }
  if (missing.size > 0) throw new UsageError(`not rejected: ${[...missing].join(', ')}. Nothing is sent again`);
  return found;
}
