import { Command, Option } from 'commander';
import { csvLine } from '../../ledger/export/csv.js';
import { entryJson } from '../../ledger/export/entry-json.js';
import { exportStatic } from '../../ledger/export/export-static.js';
import { replaceFile } from '../../ledger/export/replace-file.js';
import type { WriteChunk } from '../../ledger/export/replace-file.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { LedgerEntry } from '../../ledger/ledger.types.js';
import type { CommandContext } from '../command-context.js';
import { entryFacts, FACTS } from '../entry-facts.js';
import { escapeControls, safeJson } from '../escape-controls.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../open-to-read.js';
import { ProgressBar } from '../progress-bar.js';
import { requireApart } from '../require-apart.js';
import { UsageError } from '../usage.error.js';

interface Options {
  readonly db: string;
  readonly format: 'jsonl' | 'csv' | 'static';
  readonly out?: string;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Formats:
  jsonl   one JSON object a line, with everything that is needed to verify the event alone
  csv     for spreadsheets: cells that they would compute are made harmless, control characters are escaped
  static  a folder that any web server can serve, for verify --url and --dir. Without content

Examples:
  immutable-log export --db ledger.db --format jsonl | gzip > events.jsonl.gz
  immutable-log export --db ledger.db --format static --out /srv/www/log
`;

export function exportCommand(context: CommandContext): Command {
  const format = new Option('--format <format>', 'of the export').choices(['jsonl', 'csv', 'static']);
  return new Command('export')
    .summary('write the ledger out')
    .description('Writes out every entry that the newest saved checkpoint covers.')
    .requiredOption('--db <file>', 'the ledger')
    .addOption(format.makeOptionMandatory())
    .option('--out <path>', 'where to: a file, or a folder for static (default: the standard output)')
    .option('-q, --quiet', 'no progress bar and no summary')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      if (options.out !== undefined && options.out !== '-') requireApart(options.out, options.db);
      await withLedger(options.db, (ledger) => run(ledger, options, context));
      context.done(EXIT.ok);
    });
}

async function run(ledger: Ledger, { format, out, quiet = false }: Options, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const bar = new ProgressBar(terminal, 'Exporting', quiet);
  const isToFile = out !== undefined && out !== '-';
  // A draft would be left beside the file.
  const asked = isToFile ? context.untilAsked() : undefined;
  const update = (done: number, total: number): void => {
    if (asked?.aborted) throw new UsageError(`interrupted: ${out} is not complete`);
    bar.update(done, total);
  };
  const say = (text: string): void => (quiet ? undefined : terminal.note(text));
  try {
    if (format === 'static') {
      if (!isToFile) throw new UsageError('static is a folder: give --out');
      const { size, written } = await exportStatic(ledger, out, update);
      bar.end();
      say(`${size} entries, ${written} files written to ${out}\n`);
      return;
    }
    const lines = linesOf(ledger, format, update);
    if (!isToFile) {
      const print = (chunk: string | Uint8Array): Promise<void> => terminal.print(String(chunk));
      await writeAll(lines, print, () => terminal.isClosed);
      return;
    }
    await replaceFile(out, (write) => writeAll(lines, write));
    bar.end();
    say(`${ledger.size()} entries written to ${out}\n`);
  } finally {
    bar.end();
  }
}

async function writeAll(lines: AsyncIterable<string>, write: WriteChunk, isOver = (): boolean => false): Promise<void> {
  let chunk = '';
  for await (const line of lines) {
    chunk += line;
    if (chunk.length < 65_536) continue;
    await write(chunk);
    chunk = '';
    if (isOver()) return;
  }
  await write(chunk);
}

async function* linesOf(
  ledger: Ledger,
  format: 'jsonl' | 'csv',
  onProgress: (done: number, total: number) => void,
): AsyncGenerator<string, void, undefined> {
  if (format === 'csv') yield csvLine(FACTS);
  for await (const entry of ledger.entries()) {
    yield format === 'csv' ? csvOf(entry) : `${safeJson(entryJson(entry))}\n`;
    onProgress(entry.index + 1, ledger.size());
  }
}

function csvOf(entry: LedgerEntry): string {
  const facts = entryFacts(entry);
  return csvLine(
    FACTS.map((name) => {
      const value = facts[name];
      return typeof value === 'string' ? escapeControls(value) : value;
    }),
  );
}
