// The CJS build lies under a package.json of its own: without it Node would read its .js files as ES modules.
import { chmodSync, writeFileSync } from 'node:fs';

writeFileSync('dist/cjs/package.json', JSON.stringify({ type: 'commonjs' }) + '\n');

// npm makes it executable when it installs the package; this is for those who run it where it was built.
chmodSync('dist/cli/main.js', 0o755);

// import.meta is none of CommonJS's: the one file that needs it has a twin there.
writeFileSync(
  'dist/cjs/delivery/worker/worker-location.js',
  "'use strict';\nexports.workerLocation = require('node:path').join(__dirname, 'worker-main.js');\n",
);
