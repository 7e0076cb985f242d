import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot, readProjectFile } from '../source-files.js';

/**
 * The text between `<!-- name:start -->` and `<!-- name:end -->` of README.md, which the generated one must equal. With
 * `UPDATE_README` in the environment (`npm run docs:readme`) the generated text is written there first.
 */
export function markedSection(name: string, generated: string): string {
  const readme = readProjectFile('README.md');
  const [before, current, after] = split(readme, name);
  if (process.env['UPDATE_README'] === undefined) return current;
  writeFileSync(join(projectRoot, 'README.md'), before + generated + after);
  return generated;
}

function split(text: string, name: string): [string, string, string] {
  const [start, end] = [`<!-- ${name}:start -->\n`, `\n<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from === -1 || to === -1) throw new Error(`README.md has no section ${start.trim()} … ${end.trim()}`);
  return [text.slice(0, from + start.length), text.slice(from + start.length, to), text.slice(to)];
}
