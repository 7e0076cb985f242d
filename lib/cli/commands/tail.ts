import { Command } from 'commander';
import { setTimeout as pause } from 'node:timers/promises';
import { entryJson } from '../../ledger/export/entry-json.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { CommandContext } from '../command-context.js';
import { entryLine } from '../entry-line.js';
import { safeJson } from '../escape-controls.js';
import { EXIT } from '../exit-codes.js';
import { sizeOf, withLedger } from '../open-to-read.js';
import { parseCount } from '../parse-count.js';

interface Options {
  readonly db: string;
  readonly lines: number;
  readonly follow?: boolean;
  readonly json?: boolean;
}

const POLL_MS = 500;

export function tailCommand(context: CommandContext): Command {
  return new Command('tail')
    .summary('show the newest events')
    .description(
      'Shows the newest entries of a ledger, and with -f those that come. Entries appear once a saved checkpoint covers them.',
    )
    .requiredOption('--db <file>', 'the ledger')
    .option('-n, --lines <number>', 'how many', parseCount, 10)
    .option('-f, --follow', 'go on until interrupted')
    .option('--json', 'one JSON object a line, with everything that the ledger has')
    .addHelpText('after', '\nExample:\n  immutable-log tail -f --db .immutable-log/ledger.db --json | jq .payload\n')
    .action(async (options: Options) => {
      await withLedger(options.db, (ledger) => tail(ledger, options, context));
      context.done(EXIT.ok);
    });
}

async function tail(ledger: Ledger, options: Options, { terminal, untilAsked }: CommandContext): Promise<void> {
  // A listener for signals keeps them from ending the process: only who goes on and on needs one.
  const signal = options.follow ? untilAsked() : undefined;
  let next = Math.max((await sizeOf(ledger)) - options.lines, 0);
  while (signal?.aborted !== true && !terminal.isClosed) {
    for await (const entry of ledger.entries(next)) {
      await terminal.print(options.json ? `${safeJson(entryJson(entry))}\n` : `${entryLine(entry)}\n`);
      next = entry.index + 1;
    }
    if (signal === undefined) return;
    await pause(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
