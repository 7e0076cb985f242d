import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { ProgressBar } from '../../../lib/cli/progress-bar.js';
import { run } from '../../../lib/cli/run.js';
import { Terminal } from '../../../lib/cli/terminal.js';
import { temporaryFolder } from '../../support/ledger.js';
import { makeLedger } from '../ledger/audit/audit.fixture.js';

/** A stream that keeps what is written, until it fails. */
class Kept extends Writable {
  text = '';
  failure: NodeJS.ErrnoException | undefined;

  constructor(readonly isTTY = false) {
    super({ decodeStrings: false });
  }

  override _write(chunk: string, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.failure === undefined) this.text += chunk;
    done(this.failure);
  }
}

const asStream = (kept: Kept): NodeJS.WriteStream => kept as unknown as NodeJS.WriteStream;
const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(`${code}: write`), { code });

describe('the terminal', () => {
  it('has results on one stream, and all else on the other', async () => {
    const [out, err] = [new Kept(), new Kept()];
    const terminal = new Terminal(asStream(out), asStream(err));
    await terminal.print('result\n');
    terminal.note('by the way\n');
    expect([out.text, err.text]).toEqual(['result\n', 'by the way\n']);
  });

  it.each(['EPIPE', 'ECONNRESET'])('takes %s for a reader that has seen enough', async (code) => {
    const out = new Kept();
    const terminal = new Terminal(asStream(out), asStream(new Kept()));
    out.failure = failure(code);
    await terminal.print('result\n');
    expect(terminal.isClosed).toBe(true);
    await terminal.print('more\n');
    expect(out.text).toBe('');
  });

  it('says when a result could not be written', async () => {
    const out = new Kept();
    const terminal = new Terminal(asStream(out), asStream(new Kept()));
    out.failure = failure('ENOSPC');
    await expect(terminal.print('result\n')).rejects.toThrow('ENOSPC');
  });
});

describe('the progress bar', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function drawn({ isTty = true, isQuiet = false, afterMs = [600] }): string {
    const err = new Kept(isTty);
    const bar = new ProgressBar(new Terminal(asStream(new Kept()), asStream(err)), 'Verifying', isQuiet);
    afterMs.forEach((ms, at) => {
      jest.advanceTimersByTime(ms);
      bar.update((at + 1) * 300, 1_200);
    });
    bar.end();
    return err.text;
  }

  it('is drawn on a terminal when the work takes its time, and goes away', () => {
    const text = drawn({});
    expect(text).toContain('Verifying ████████░');
    expect(text).toContain('25% of 1200 entries, 500/s');
    expect(text.endsWith('\r\x1b[K')).toBe(true);
    expect(text).not.toContain('\n');
  });

  it('is drawn ten times a second at most', () => {
    expect(drawn({ afterMs: [600, 20, 20, 100] }).match(/Verifying/g)).toHaveLength(2);
  });

  it.each([
    ['elsewhere', { isTty: false }],
    ['when it is not wanted', { isQuiet: true }],
    ['for what is done at once', { afterMs: [100, 100] }],
  ])('leaves no trace %s', (_, how) => {
    expect(drawn(how)).toBe('');
  });
});

describe('a command that takes its time', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let db: string;

  beforeEach(async () => {
    folder = temporaryFolder();
    db = (await makeLedger(folder.path, 3)).path;
    let now = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => (now += 1_000));
  });

  afterEach(() => {
    jest.restoreAllMocks();
    folder.cleanUp();
  });

  async function shown(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const [out, err] = [new Kept(), new Kept(true)];
    const code = await run(args, new Terminal(asStream(out), asStream(err)));
    return { code, out: out.text, err: err.text };
  }

  const exported = (format: string): string[] => ['--format', format, '--out', join(folder.path, format)];

  it('shows how far it has come, and takes that away at the end', async () => {
    for (const [args, end] of [
      [['verify', '--db', db], ''],
      [['export', '--db', db, ...exported('jsonl')], `4 entries written to ${folder.path}/jsonl\n`],
      [['export', '--db', db, ...exported('static')], `4 entries, 3 files written to ${folder.path}/static\n`],
    ] as const) {
      const { code, err } = await shown(...args);
      expect([args[0], code, err]).toEqual([args[0], 0, expect.stringMatching(/ █{30} 100% of 4 entries, \d/)]);
      expect(err.slice(err.lastIndexOf('\x1b[K') + 3)).toBe(end);
    }
  });

  it.each(['jsonl', 'csv', 'static'])('is quiet when it is told to: %s', async (format) => {
    expect(await shown('export', '--db', db, ...exported(format), '--quiet')).toEqual({ code: 0, out: '', err: '' });
  });

  it('refuses threads without number', async () => {
    const { code, out, err } = await shown('verify', '--db', db, '--workers', '5000');
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toMatch(/ {2}- workers is 5000: must be an integer, 0 to 64; leave it out/);
  });
});
