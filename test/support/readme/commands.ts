import { exits } from '../../../lib/cli/exit-codes.js';
import { programOf } from '../../../lib/cli/run.js';
import type { Terminal } from '../../../lib/cli/terminal.js';

/** The commands of the command line: what each does, the examples of its help, and the exit codes. */
export function commandsSection(): string {
  const rows = exits().map(([code, meaning]) => `| ${code} | ${meaning.replaceAll(/--\w+/g, '`$&`')} |`);
  return ['```sh', ...commandLines(), '```', '', '| exit code | means |', '|---|---|', ...rows].join('\n');
}

function commandLines(): string[] {
  let said = '';
  const nobody = { print: (text: string) => Promise.resolve(void (said += text)), note: () => undefined };
  const terminal = nobody as unknown as Terminal;
  const { commands } = programOf({ terminal, untilAsked: () => new AbortController().signal, done: () => undefined });
  return commands.flatMap((command) => {
    said = '';
    command.outputHelp();
    const examples = said.slice(said.search(/^Examples?:/m)).split('\n');
    return [`# ${command.name()}: ${command.summary()}`, ...examples.flatMap(exampleOf)];
  });
}

/** An example is a line of the help that is indented and runs the program. */
function exampleOf(line: string): string[] {
  return /^ {2}.*immutable-log/.test(line) ? [line.trim()] : [];
}
