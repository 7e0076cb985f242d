import { Command, Option } from 'commander';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { LedgerSource, RememberedNote } from '../../ledger/audit/ledger-source.js';
import { readReceipts } from '../../ledger/audit/receipts/read-receipts.js';
import { databaseSource } from '../../ledger/audit/sources/database-source.js';
import { directorySource } from '../../ledger/audit/sources/directory-source.js';
import { httpSource } from '../../ledger/audit/sources/http-source.js';
import { verifyLedger } from '../../ledger/audit/verify-ledger.js';
import { exitCode } from '../../ledger/audit/verify-report.js';
import type { VerifyReport } from '../../ledger/audit/verify-report.js';
import { checkPolicy } from '../../ledger/checkpoint/parse-policy.js';
import type { Policy } from '../../ledger/checkpoint/policy.js';
import { replaceFile } from '../../ledger/export/replace-file.js';
import { bearerOption } from '../bearer-option.js';
import type { CommandContext } from '../command-context.js';
import { safeJson } from '../escape-controls.js';
import { EXIT, EXIT_CODES_HELP } from '../exit-codes.js';
import { requireLedger } from '../open-to-read.js';
import { parseCount } from '../parse-count.js';
import { ProgressBar } from '../progress-bar.js';
import { reportText } from '../report-text.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage.error.js';

interface Options {
  readonly db?: string;
  readonly highWater?: string;
  readonly dir?: string;
  readonly url?: string;
  readonly policy?: string;
  readonly state?: string;
  readonly receipts?: string;
  readonly content?: boolean;
  readonly opaqueEntries?: boolean;
  readonly workers?: number;
  readonly bearer?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Examples:
  immutable-log verify --db .immutable-log/ledger.db --content
  immutable-log verify --url https://audit.example.com --policy policy.txt --state seen.note
  immutable-log verify --dir /srv/www/log --policy policy.txt --receipts receipts/ --json
  immutable-log verify --url https://other.example.com --policy theirs.txt --opaque-entries

A policy (c2sp.org/tlog-policy) says whom you trust; without one the key comes from the ledger itself, and whoever rewrote
all of it, key included, goes unseen. --state remembers the newest checkpoint from one run to the next.
`;

export function verifyCommand(context: CommandContext): Command {
  return withOptions(new Command('verify'))
    .summary('verify everything: signature, tiles, entries, content, receipts')
    .description(
      'Verifies a ledger completely and says what it found, and what it did not check. Changes nothing in it.',
    )
    .addHelpText('after', EXAMPLES + EXIT_CODES_HELP)
    .action(async (options: Options) => {
      const report = await run(options, context.terminal);
      const result = { exitCode: exitCode(report), ...report };
      await context.terminal.print(
        options.json ? `${safeJson(result, 2)}\n` : reportText(report, options.quiet === true),
      );
      if (options.state !== undefined && exitCode(report) === EXIT.ok) await remember(options.state, report);
      context.done(exitCode(report));
    });
}

function withOptions(command: Command): Command {
  return command
    .addOption(new Option('--db <file>', 'the file of a ledger, which may be at work').conflicts(['dir', 'url']))
    .addOption(new Option('--dir <folder>', 'a static export').conflicts(['db', 'url']))
    .addOption(new Option('--url <url>', 'a ledger or export that is served').conflicts(['db', 'dir']))
    .option('--policy <file>', 'whom to trust')
    .option('--state <file>', 'the checkpoint that was seen last; moved on when all is well')
    .option('--receipts <folder>', 'receipts of clients: .tlog-proof, .json and .jsonl files')
    .addOption(
      new Option('--high-water <file>', 'what the ledger remembers beside itself (default: <db>.high-water)').conflicts(
        ['dir', 'url'],
      ),
    )
    .option('--content', 'also payloads, meta and the search index (only with --db)')
    .addOption(
      new Option('--opaque-entries', "the entries are another application's: verify the tree alone").conflicts([
        'db',
        'content',
      ]),
    )
    .option(
      '--workers <number>',
      'threads, 64 at most (default: for a large ledger up to 4, as many as there are cores)',
      parseCount,
    )
    .addOption(bearerOption())
    .option('--json', 'the whole report as JSON, with the evidence')
    .option('-q, --quiet', 'findings and result only, no progress bar');
}

async function run(options: Options, terminal: Terminal): Promise<VerifyReport> {
  const policy = options.policy === undefined ? undefined : await readPolicy(options.policy);
  const remembered = options.state === undefined ? [] : await readState(options.state);
  // Before the log: what is acknowledged later need not be in what is read of it.
  const receipts = options.receipts === undefined ? undefined : await readReceipts(options.receipts);
  const bar = new ProgressBar(terminal, 'Verifying', options.quiet === true);
  try {
    const { content, opaqueEntries, workers } = options;
    const onProgress = ({ done, total }: { done: number; total: number }): void => bar.update(done, total);
    const given = { policy, remembered, receipts, content, opaqueEntries, workers, onProgress };
    return await verifyLedger(await sourceOf(options), given);
  } finally {
    bar.end();
  }
}

function sourceOf({ db, highWater, dir, url, bearer }: Options): LedgerSource | Promise<LedgerSource> {
  if (db !== undefined) {
    requireLedger(db);
    return databaseSource(db, { highWaterPath: highWater });
  }
  if (dir !== undefined) {
    if (!existsSync(dir)) throw new UsageError(`there is no folder ${dir}`);
    return directorySource(dir);
  }
  if (url === undefined) throw new UsageError('give one of --db, --dir and --url');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw new UsageError(`${url} is no http(s) URL`);
  return httpSource(url, { bearer });
}

async function readPolicy(path: string): Promise<Policy> {
  const check = checkPolicy(await readFile(path));
  if (check.kind === 'policy') return check.policy;
  throw new UsageError(`${path}, line ${check.line}: ${check.problem}`);
}

async function readState(path: string): Promise<RememberedNote[]> {
  const note = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  return note === undefined ? [] : [{ note, holder: path }];
}

async function remember(path: string, { checkpoint }: VerifyReport): Promise<void> {
  if (checkpoint !== undefined) await replaceFile(path, (write) => write(checkpoint.note));
}
