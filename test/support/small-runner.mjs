// Runs specs that are compiled to JavaScript, one after the other, up to the first failure: `node small-runner.mjs a.spec.js …`.
// In place of Jest where the same specs run a hundred times, and its start would take most of the time. It has what the
// ledger's pure specs use of '@jest/globals', which they import from here, and is no runner for people.
import { expect } from 'expect';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

const HOOKS = ['beforeAll', 'beforeEach', 'afterEach', 'afterAll'];
let suite = newSuite('');

function newSuite(name, parent) {
  return { name, parent, children: [], ...Object.fromEntries(HOOKS.map((hook) => [hook, []])) };
}

function describe(name, define) {
  const outer = suite;
  suite = newSuite(name, outer);
  outer.children.push(suite);
  define();
  suite = outer;
}

function it(name, run) {
  suite.children.push({ name, run });
}

for (const declare of [describe, it]) {
  declare.each = (table) => (name, run) => {
    for (const row of table) {
      const values = Array.isArray(row) ? row : [row];
      const titled = name.replaceAll(/\$(\w+)/g, (_, member) => String(values[0]?.[member]));
      declare(format(titled, ...values), () => run(...values));
    }
  };
}

const [beforeAll, beforeEach, afterEach, afterAll] = HOOKS.map((hook) => (run) => void suite[hook].push(run));

export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it };

async function runSuite(current) {
  for (const hook of current.beforeAll) await hook();
  for (const child of current.children) {
    if (child.run === undefined) await runSuite(child);
    else await runTest(child, current);
  }
  for (const hook of current.afterAll) await hook();
}

async function runTest({ name, run }, owner) {
  const suites = [];
  for (let outer = owner; outer !== undefined; outer = outer.parent) suites.unshift(outer);
  try {
    for (const { beforeEach: hooks } of suites) for (const hook of hooks) await hook();
    await run();
    for (const { afterEach: hooks } of suites.reverse()) for (const hook of hooks) await hook();
  } catch (error) {
    console.log(`${suites.map((outer) => outer.name).join(' > ')} > ${name}: ${error}`);
    process.exit(1);
  }
  counted += 1;
}

async function main(specs) {
  for (const spec of specs) {
    suite = newSuite('');
    await import(pathToFileURL(spec).href);
    await runSuite(suite);
  }
  if (counted === 0) throw new Error('no test was run');
  console.log(`${counted} tests passed`);
  process.exit(0);
}

let counted = 0;
// Not awaited here: the specs import this file, and wait until it is done.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv.slice(2)).catch((error) => {
    console.log(`Error: ${error?.stack ?? error}`);
    process.exit(1);
  });
}
