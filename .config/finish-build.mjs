// The CJS build lies under a package.json of its own: without it Node would read its .js files as ES modules.
import { writeFileSync } from 'node:fs';

writeFileSync('dist/cjs/package.json', JSON.stringify({ type: 'commonjs' }) + '\n');
