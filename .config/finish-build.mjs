// The CJS build lies under a package.json of its own: without it Node would read its .js files as ES modules.
import { chmodSync, writeFileSync } from 'node:fs';

writeFileSync('dist/cjs/package.json', JSON.stringify({ type: 'commonjs' }) + '\n');

// npm makes it executable when it installs the package; this is for those who run it where it was built.
chmodSync('dist/cli/main.js', 0o755);

// import.meta is none of CommonJS's: the files that need it have twins there.
const workers = { 'delivery/worker': 'worker-main.js', 'ledger/audit/workers': 'examine-main.js' };
for (const [folder, script] of Object.entries(workers)) {
  writeFileSync(
    `dist/cjs/${folder}/worker-location.js`,
    `'use strict';\nexports.workerLocation = require('node:path').join(__dirname, '${script}');\n`,
  );
}
