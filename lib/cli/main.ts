#!/usr/bin/env node
import { run } from './run.js';
import { Terminal } from './terminal.js';

void run(process.argv.slice(2), new Terminal(process.stdout, process.stderr)).then((exitCode) => {
  process.exitCode = exitCode;
});
