import { Command, CommanderError } from 'commander';
import { VERSION } from '../event/version.js';
import { InvalidOptionsError } from '../options/invalid-options.error.js';
import type { CommandContext } from './command-context.js';
import { exportCommand } from './commands/export.js';
import { keysCommand } from './commands/keys.js';
import { proveCommand } from './commands/prove.js';
import { receiptsCommand } from './commands/receipts.js';
import { redriveCommand } from './commands/redrive.js';
import { serveCommand } from './commands/serve.js';
import { tailCommand } from './commands/tail.js';
import { verifyCommand } from './commands/verify.js';
import { vkeyCommand } from './commands/vkey.js';
import { escapeControls } from './escape-controls.js';
import { EXIT, EXIT_CODES_HELP } from './exit-codes.js';
import { untilAsked } from './until-asked.js';
import type { Terminal } from './terminal.js';

const COMMANDS = [
  serveCommand,
  keysCommand,
  vkeyCommand,
  verifyCommand,
  proveCommand,
  tailCommand,
  exportCommand,
  receiptsCommand,
  redriveCommand,
];

/** Runs the command that the arguments ask for, and answers with its exit code. Never rejects. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = EXIT.failed;
  const done = (code: number): void => void (exitCode = code);
  try {
    await programOf({ terminal, untilAsked, done }).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // It has been said already, by commander itself; help and version end so, too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.failed;
    terminal.note(`immutable-log: ${explain(error)}\n`);
    return EXIT.failed;
  }
}

function explain(error: unknown): string {
  // The only message with lines of its own; all others could have them from somebody else.
  if (error instanceof InvalidOptionsError) return `cannot be done so:\n${error.problems.map(line).join('\n')}`;
  return escapeControls(error instanceof Error ? error.message : String(error));
}

function line(problem: string): string {
  return `  - ${escapeControls(problem)}`;
}

/** All commands. */
export function programOf(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command('immutable-log')
    .description('An audit ledger that cannot be quietly changed: serve it, read it, prove and verify what it says.')
    .version(VERSION)
    .addHelpText('after', `${EXIT_CODES_HELP}\nimmutable-log <command> --help shows options and examples.`);
  for (const make of COMMANDS) program.addCommand(make(context));
  // Commands are made on their own, and do not inherit this.
  const settle = (command: Command): void => {
    command
      .exitOverride()
      .showHelpAfterError('(add --help for more)')
      .configureOutput({
        writeOut: (text) => void terminal.print(text).catch(() => undefined),
        writeErr: (text) => terminal.note(text),
      });
    command.commands.forEach(settle);
  };
  settle(program);
  return program;
}
