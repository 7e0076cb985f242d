import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { variablesOf } from '../lib/options/read-environment.js';
import { OPTION_SECTIONS } from '../lib/resolve-immutable-log-options.js';
import { commandsSection } from './support/readme/commands.js';
import { markedSection } from './support/readme/marked-section.js';
import { optionsTable } from './support/readme/options-table.js';
import { sampleEvent } from './support/readme/sample-event.js';
import { nodesOf, projectRoot, readLib, readProjectFile } from './support/source-files.js';

/** Read by Node's and npm's own custom; the others are ours. */
const OURS = /^(?:IMTBL|IMMUTABLELOG)_[A-Z_]+$/;
const CONTRACT_VARIABLES = [
  ...['IMTBL_API_KEY', 'IMTBL_URL', 'IMTBL_SERVICE_NAME', 'IMTBL_ENV'],
  ...['IMMUTABLELOG_API_KEY', 'IMMUTABLELOG_URL', 'IMMUTABLELOG_ENV'],
];
const COMMON_VARIABLES = ['NODE_ENV', 'npm_package_name'];
/** A reader has to get through it: lines beside the generated ones and the table of errors. */
const MAX_LINES = 380;

const readme = readProjectFile('README.md');
const { scripts } = JSON.parse(readProjectFile('package.json')) as { scripts: Record<string, string> };

describe('README.md', () => {
  it('has the options of the option classes: run `npm run docs:readme` after a change', () => {
    const table = optionsTable();
    expect(markedSection('options', table)).toBe(table);
  });

  it('shows the event as the code records it: run `npm run docs:readme` after a change', async () => {
    const event = `\`\`\`json\n${await sampleEvent()}\n\`\`\``;
    expect(markedSection('event', event)).toBe(event);
  });

  it('has the commands as their help has them: run `npm run docs:readme` after a change', () => {
    const commands = commandsSection();
    expect(markedSection('commands', commands)).toBe(commands);
  });

  it('speaks of options that exist', () => {
    const known = matches(optionsTable(), /^\| `([\w.]+)` /gm);
    const mentioned = matches(readme, /`((?:capture|redaction|ledger|delivery)\.\w+)`/g);
    expect(mentioned.filter((option) => !known.includes(option))).toEqual([]);
  });

  it('names the environment variables of the contract and of the command line, and none that is not read', () => {
    const ofOptions = Object.entries(OPTION_SECTIONS).flatMap(([section, Section]) =>
      Object.keys(new Section()).flatMap((name) => variablesOf(section === '' ? name : `${section}.${name}`)),
    );
    const readers = readLib().filter(({ path }) => path.startsWith('cli/') || path === 'ledger/open-ledger.ts');
    const nodes = readers.flatMap((file) => nodesOf(file));
    const others = nodes
      .flatMap((node) => (ts.isStringLiteral(node) ? node.text : []))
      .filter((text) => OURS.test(text));
    const named = matches(readme, /\b((?:IMTBL|IMMUTABLELOG)_[A-Z_]+[A-Z])\b/g);
    expect(named.filter((name) => !ofOptions.includes(name) && !others.includes(name))).toEqual([]);
    expect([...CONTRACT_VARIABLES, ...others].filter((name) => !named.includes(name))).toEqual([]);
    expect(COMMON_VARIABLES.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  it('names scripts that package.json has', () => {
    const named = matches(readme, /\bnpm (?:run )?(start|test|(?<=run )[\w:-]+)/g);
    expect(named).toEqual(['demo', 'start', 'test']);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('links to headings and files that exist', () => {
    const anchors = matches(readme, /^#+ (.+)$/gm).map(anchorOf);
    const targets = matches(readme, /\]\((?!https?:)([^)]+)\)/g);
    const isThere = (target: string): boolean =>
      target.startsWith('#') ? anchors.includes(target) : existsSync(join(projectRoot, target));
    expect(targets.filter((target) => !isThere(target))).toEqual([]);
  });

  it(`stays short: at most ${MAX_LINES} lines by hand`, () => {
    const byHand = readme.replace(/(<!-- (\w+):start -->)[^]*?(?=<!-- \2:end -->)/g, '$1');
    expect(byHand.trimEnd().split('\n').length).toBeLessThanOrEqual(MAX_LINES);
  });
});

describe('CHANGELOG.md', () => {
  it('begins with the version of package.json', () => {
    const { version } = JSON.parse(readProjectFile('package.json')) as { version: string };
    expect(matches(readProjectFile('CHANGELOG.md'), /^## ([\d.]+)/gm)[0]).toBe(version);
  });
});

/** The first group of every match, sorted, each once. */
function matches(text: string, pattern: RegExp): string[] {
  return sorted([...text.matchAll(pattern)].map((match) => match[1] ?? ''));
}

function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replace(/[^\w\s-]/g, '');
  return `#${words.trim().replace(/\s/g, '-')}`;
}
