import { describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { start } from '../support/child-process.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('a ledger whose process is killed again and again', () => {
  it('has everything it acknowledged, and continues every checkpoint it let out', async () => {
    const script = 'test/nightly/ledger-crash.mjs';
    const { code, stdout, stderr } = await start([process.execPath, script, '20'], { cwd: root }).finished;
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^20 kills, [1-9]\d* acknowledgements, [1-9]\d* checkpoints, 0 violations\n$/);
    expect(code).toBe(0);
  }, 120_000);
});
