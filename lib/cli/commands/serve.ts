import { Command, Option } from 'commander';
import { once } from 'node:events';
import type { AuditLogger } from '../../event/audit-logger.js';
import type { CommandContext } from '../command-context.js';
import { escapeControls } from '../escape-controls.js';
import { EXIT } from '../exit-codes.js';
import { parseCount, parsePort } from '../parse-count.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage.error.js';

interface Options {
  readonly db: string;
  readonly port: number;
  readonly host: string;
  readonly origin?: string;
  readonly key?: string;
  readonly highWater?: string;
  readonly auth: 'api-keys' | 'none';
  readonly publicLog?: boolean;
  readonly maxRate?: number;
}

const EXAMPLES = `
Example:
  immutable-log keys create --db ledger.db --name checkout --scope ingest,read
  immutable-log serve --db ledger.db --port 8080
`;

export function serveCommand(context: CommandContext): Command {
  return new Command('serve')
    .summary('serve the ledger over HTTP')
    .description(
      'Serves the ImmutableLog API on a ledger, and the log as tlog-tiles. Ends cleanly on SIGINT and SIGTERM.',
    )
    .requiredOption('--db <file>', 'the ledger; it is made if there is none')
    .requiredOption('--port <number>', 'to listen on; 0 is any that is free', parsePort)
    .option('--host <host>', 'to listen on', '127.0.0.1')
    .option('--origin <name>', 'of a new ledger, such as audit.example.com/payments')
    .option('--key <file>', 'the signing key (default: <db>.key)')
    .option('--high-water <file>', 'remembers the newest checkpoint, best on another disk (default: <db>.high-water)')
    .addOption(
      new Option('--auth <kind>', 'none lets everybody read and write')
        .choices(['api-keys', 'none'])
        .default('api-keys'),
    )
    .option('--public-log', 'checkpoint and tiles need no key; they have no content in them')
    .option('--max-rate <number>', 'events a second of one key, on average', parseCount)
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => serve(options, context));
}

async function serve(options: Options, { terminal, untilAsked, done }: CommandContext): Promise<void> {
  const { db, port, host, origin, key, highWater, auth, publicLog = false, maxRate } = options;
  const { createLedgerServer } = await loadServer();
  const signal = untilAsked();
  const server = await createLedgerServer({
    path: db,
    port,
    host,
    authentication: auth,
    publicLog,
    logger: stderrLogger(terminal),
    ...(origin !== undefined && { origin }),
    ...(key !== undefined && { keyPath: key }),
    ...(highWater !== undefined && { highWaterPath: highWater }),
    ...(maxRate !== undefined && { maxEventsPerSecond: maxRate }),
  });
  try {
    await terminal.print(`${server.url}\n`);
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await server.close();
  }
  done(EXIT.ok);
}

/** NestJS and one of its platforms are the application's; whoever only verifies does without. */
async function loadServer() {
  try {
    return await import('../../ledger/http/create-ledger-server.js');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    const needed = '@nestjs/common @nestjs/core @nestjs/platform-express reflect-metadata rxjs';
    throw new UsageError(`serve needs NestJS: npm install ${needed}`, { cause });
  }
}

function stderrLogger(terminal: Terminal): AuditLogger {
  const line =
    (level: string) =>
    (message: string): void =>
      terminal.note(`${new Date().toISOString()} ${level} ${escapeControls(message)}\n`);
  return { log: line('info'), warn: line('warn'), error: line('error') };
}
