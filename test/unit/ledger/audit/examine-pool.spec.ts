import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Examiner } from '../../../../lib/ledger/audit/examine/examiner.js';
import { directorySource } from '../../../../lib/ledger/audit/sources/directory-source.js';
import { ExaminePool } from '../../../../lib/ledger/audit/workers/examine-pool.js';
import { entryBundles, formatEntryBundle, hashTiles, tilePath } from '../../../../lib/ledger/verify/index.js';
import { compileLib } from '../../../support/compiled-lib.js';
import { temporaryFolder } from '../../../support/ledger.js';
import { leaf } from '../ledger.fixture.js';
import { MemorySource } from './memory.source.js';

/** Several of what a worker is given at a time. */
const BUNDLES = 150;
const options = { opaque: true, content: false, wordSeed: 1 };

describe('several threads that examine bundles', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let compiled: ReturnType<typeof compileLib>;
  let expected: Awaited<ReturnType<Examiner['examine']>>[];

  beforeAll(async () => {
    folder = temporaryFolder();
    compiled = compileLib();
    const log = new MemorySource(Array.from({ length: BUNDLES * 256 }, (_, index) => leaf(index)));
    log.bytes[70 * 256] = leaf(1);
    writeLog(log);
    expected = [];
    for (let n = 0; n < BUNDLES; n++) expected.push(await own().examine(n));
    expect(expected.flatMap((examined, n) => (examined === undefined ? [n] : []))).toEqual([70]);
  });

  afterAll(() => {
    folder.cleanUp();
    compiled.cleanUp();
  });

  const own = (): Examiner => new Examiner(directorySource(folder.path), options);
  const script = (): URL => pathToFileURL(join(compiled.folder, 'lib/ledger/audit/workers/examine-main.js'));
  const inTurn = Array.from({ length: BUNDLES }, (_, n) => n);

  /** The answers of a pool, and which of them it had to find itself. */
  async function ask(location: URL, places = inTurn, workers = 2) {
    const inVain: number[] = [];
    const recipe = { kind: 'directory', folder: folder.path } as const;
    const examine = (n: number): ReturnType<Examiner['examine']> => {
      inVain.push(n);
      return own().examine(n);
    };
    const pool = new ExaminePool({ workers, bundles: BUNDLES, own: { examine }, recipe, options, location });
    try {
      const answers = [];
      for (const n of places) answers.push(await pool.examine(n));
      return { answers, inVain };
    } finally {
      await pool.close();
    }
  }

  it.each([1, 2, 5])('answer the same as one: %i', async (workers) => {
    const { answers, inVain } = await ask(script(), inTurn, workers);
    expect(answers.map(plain)).toEqual(expected.map(plain));
    expect(inVain).toEqual([]);
  });

  it('need not be asked for all', async () => {
    const places = [0, 69, 70, 149];
    const { answers, inVain } = await ask(script(), places);
    expect(answers.map(plain)).toEqual(places.map((n) => plain(expected[n])));
    expect(inVain).toEqual([]);
  });

  it('may not start: then it is done here', async () => {
    for (const location of [pathToFileURL(join(folder.path, 'nothing.js')), new URL('https://example.com/x.js')]) {
      const { answers, inVain } = await ask(location, [0, 1, 70, 149]);
      expect(answers.map(plain)).toEqual([0, 1, 70, 149].map((n) => plain(expected[n])));
      expect(inVain).toEqual([0, 1, 70, 149]);
    }
  });

  it('may die: what they had left is done here', async () => {
    const dying = join(folder.path, 'dying.mjs');
    writeFileSync(
      dying,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', ({ first, count }) => {
         if (first >= 32) process.exit(1);
         parentPort.postMessage({ first, examined: Array(count).fill(undefined) });
       });`,
    );
    const { answers, inVain } = await ask(pathToFileURL(dying), inTurn, 1);
    expect(answers.slice(0, 32)).toEqual(Array(32).fill(undefined));
    expect(answers.slice(32).map(plain)).toEqual(expected.slice(32).map(plain));
    expect(inVain).toEqual(inTurn.slice(32));
  });

  function writeLog(log: MemorySource): void {
    const write = (path: string, bytes: Uint8Array): void => {
      mkdirSync(dirname(join(folder.path, path)), { recursive: true });
      writeFileSync(join(folder.path, path), bytes);
    };
    for (const tile of hashTiles(log.size)) write(tilePath(tile), log.tiles.get(`${tile.level}/${tile.n}`)!);
    for (const bundle of entryBundles(log.size)) {
      const entries = log.bytes.slice(bundle.n * 256, bundle.n * 256 + bundle.width);
      write(tilePath(bundle), formatEntryBundle(entries as Uint8Array[]));
    }
  }
});

/** Buffers and arrays of bytes are the same for what is compared here. */
function plain(examined: Awaited<ReturnType<Examiner['examine']>>): object | undefined {
  return examined && { tile: Buffer.from(examined.tile), root: Buffer.from(examined.root), outline: examined.outline };
}
