// The CJS build lies under a package.json of its own: without it Node would read its .js files as ES modules.
import { chmodSync, writeFileSync } from 'node:fs';

writeFileSync('dist/cjs/package.json', JSON.stringify({ type: 'commonjs' }) + '\n');

// npm makes it executable when it installs the package; this is for those who run it where it was built.
chmodSync('dist/cli/main.js', 0o755);

// import.meta is none of CommonJS's: the files that need it have twins there.
const locations = {
  'delivery/worker': { workerLocation: 'worker-main.js' },
  'ledger/audit/workers': { workerLocation: 'examine-main.js', verifyLocation: 'verify-main.js' },
};
for (const [folder, scripts] of Object.entries(locations)) {
  const lines = Object.entries(scripts).map(([name, script]) => {
    return `exports.${name} = require('node:path').join(__dirname, '${script}');\n`;
  });
  writeFileSync(`dist/cjs/${folder}/worker-location.js`, `'use strict';\n${lines.join('')}`);
}
