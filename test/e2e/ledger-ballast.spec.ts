import { afterAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '../support/child-process.js';
import { temporaryFolder } from '../support/ledger.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

const SCRIPT = `
  import { openLedger } from './dist/ledger/open-ledger.js';
  const [path, closing] = process.argv.slice(1);
  const diskPauses = { checkMs: 1, ballastAfterMs: 0 };
  const logger = { log() {}, warn: console.warn, error: console.error };
  const ledger = await openLedger({ path, logger, ballastBytes: 200_000_000, diskPauses });
  while (ledger.status().disk.ballast !== 'making') await new Promise((resolve) => setTimeout(resolve, 1));
  if (closing === 'close') await ledger.close();
  console.log('done');
`;

describe('a process whose ballast is being made', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.cleanUp());

  it.each(['close', 'leave'])(
    'ends cleanly, and does not wait for it: %s',
    async (closing) => {
      const path = join(folder.path, `${closing}.db`);
      const command = [process.execPath, '--input-type=module', '-e', SCRIPT, path, closing] as const;
      const { code, stdout, stderr } = await start(command, { cwd: root }).finished;
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
    },
    30_000,
  );
});
