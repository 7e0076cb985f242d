import { Command } from 'commander';
import type { ApiKeyScope } from '../../ledger/api-keys/api-key.js';
import type { ApiKeys } from '../../ledger/api-keys/api-keys.js';
import type { CommandContext } from '../command-context.js';
import { escapeControls, safeJson } from '../escape-controls.js';
import { EXIT } from '../exit-codes.js';
import { requireLedger } from '../open-to-read.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage.error.js';

const DB = ['--db <file>', 'the ledger'] as const;

export function keysCommand(context: CommandContext): Command {
  return new Command('keys')
    .summary('API keys of a ledger that is served')
    .description('Makes, shows and ends the API keys of a ledger. Of the secrets only hashes are kept.')
    .addCommand(createCommand(context))
    .addCommand(listCommand(context))
    .addCommand(revokeCommand(context))
    .addHelpText(
      'after',
      '\nExample:\n  KEY=$(immutable-log keys create --db ledger.db --name checkout --scope ingest)\n',
    );
}

function createCommand({ terminal, done }: CommandContext): Command {
  return new Command('create')
    .description('Makes a key. Prints its secret, once and alone, on the standard output.')
    .requiredOption(...DB)
    .requiredOption('--name <name>', 'what you call it; unique among the keys that hold')
    .requiredOption('--scope <scopes>', 'what it may: ingest, read, or both with a comma')
    .action(async ({ db, name, scope }: { db: string; name: string; scope: string }) => {
      // What is not a scope is refused where keys are made.
      const scopes = scope.split(',').map((one) => one.trim()) as ApiKeyScope[];
      const id = await withKeys(db, async (keys) => {
        const { id, secret } = await keys.create({ name, scopes });
        const problem = await printing(terminal, `${secret}\n`);
        if (problem !== undefined) await takeBack(keys, id, problem);
        return id;
      });
      terminal.note(`${id}, the source of every event that comes with it. The secret is not shown again.\n`);
      done(EXIT.ok);
    });
}

/** Why it was not printed; `undefined` if it was. */
async function printing(terminal: Terminal, text: string): Promise<string | undefined> {
  try {
    await terminal.print(text);
  } catch (error) {
    return (error as Error).message;
  }
  return terminal.isClosed ? 'nobody reads it' : undefined;
}

/** Nobody has the secret of such a key, and nobody could have another of its name. */
async function takeBack(keys: ApiKeys, id: string, problem: string): Promise<never> {
  const unwritten = `the secret of ${id} could not be written to the standard output (${problem})`;
  try {
    await keys.revoke(id);
  } catch (cause) {
    throw new UsageError(`${unwritten}, and the key still holds: keys revoke ${id}`, { cause });
  }
  throw new UsageError(`${unwritten}: the key is revoked, and its name is free again`);
}

function listCommand({ terminal, done }: CommandContext): Command {
  return new Command('list')
    .description('Shows every key there ever was.')
    .requiredOption(...DB)
    .option('--json', 'as JSON')
    .action(async ({ db, json }: { db: string; json?: boolean }) => {
      requireLedger(db);
      const keys = await withKeys(db, (open) => open.list());
      const lines = keys.map(({ id, name, scopes, createdAt, revokedAt }) => {
        const end = revokedAt === undefined ? '' : `  revoked ${revokedAt}`;
        return `${id}  ${scopes.join(',').padEnd(11)}  ${createdAt}  ${escapeControls(name)}${end}\n`;
      });
      await terminal.print(json ? `${safeJson(keys, 2)}\n` : lines.join(''));
      done(EXIT.ok);
    });
}

function revokeCommand({ terminal, done }: CommandContext): Command {
  return new Command('revoke')
    .description('Ends a key. Servers heed it within half a second.')
    .argument('<id or name>', 'the key')
    .requiredOption(...DB)
    .action(async (idOrName: string, { db }: { db: string }) => {
      requireLedger(db);
      const revoked = await withKeys(db, (keys) => keys.revoke(idOrName));
      if (revoked === undefined) throw new UsageError(`no key that holds is ${idOrName}`);
      terminal.note(`${revoked.id} (${revoked.name}) is revoked\n`);
      done(EXIT.ok);
    });
}

async function withKeys<T>(path: string, work: (keys: ApiKeys) => Promise<T>): Promise<T> {
  const { ApiKeys } = await import('../../ledger/api-keys/api-keys.js');
  const keys = await ApiKeys.open(path);
  try {
    return await work(keys);
  } finally {
    await keys.close();
  }
}
