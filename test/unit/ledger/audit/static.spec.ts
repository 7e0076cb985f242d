import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { exportStatic } from '../../../../lib/ledger/export/export-static.js';
import { directorySource } from '../../../../lib/ledger/audit/sources/directory-source.js';
import { httpSource } from '../../../../lib/ledger/audit/sources/http-source.js';
import { exitCode } from '../../../../lib/ledger/audit/verify-report.js';
import { verifyLedger } from '../../../../lib/ledger/audit/verify-ledger.js';
import { trustInKeys } from '../../../../lib/ledger/audit/open-checkpoint.js';
import { openTestLedger, temporaryFolder } from '../../../support/ledger.js';
import { leaf, withBitFlipped } from '../ledger.fixture.js';
import { readVectors } from '../vectors/read-vectors.js';
import { briefly, copyOf, makeLedger } from './audit.fixture.js';
import { LOG, MemorySource } from './memory.source.js';
import { writeTree } from './write-tree.fixture.js';

describe('a static export', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let exported: string;
  let vkey: string;

  beforeAll(async () => {
    folder = temporaryFolder();
    ({ vkey } = await makeLedger(folder.path, 300));
    exported = join(folder.path, 'static');
    await exportAgain();
  });

  afterAll(() => folder.cleanUp());

  async function exportAgain(to = exported): Promise<{ size: number; written: number }> {
    const ledger = await openTestLedger(folder.path, { readOnly: true });
    try {
      return await exportStatic(ledger, to);
    } finally {
      await ledger.close();
    }
  }

  const audit = (path: string) => verifyLedger(directorySource(path), { policy: trustInKeys([vkey]) });

  async function afterHarm(harm: (copy: string) => void | Promise<void>) {
    const copy = mkdtempSync(join(folder.path, 'copy-'));
    cpSync(exported, copy, { recursive: true });
    await harm(copy);
    try {
      return await audit(copy);
    } finally {
      rmSync(copy, { recursive: true });
    }
  }

  const flip = (path: string, bit: number): void => writeFileSync(path, withBitFlipped(readFileSync(path), bit));

  it('has the files of tlog-tiles and no others, and verifies', async () => {
    expect(filesIn(exported)).toEqual([
      'checkpoint',
      'tile/0/000',
      'tile/0/001.p/45',
      'tile/1/000.p/1',
      'tile/entries/000',
      'tile/entries/001.p/45',
    ]);
    const report = await audit(exported);
    expect(briefly(report)).toEqual([]);
    expect(report).toMatchObject({ entries: 301, trust: 'policy' });
    expect(report.notChecked).toContain('the content of events: it is not in this source');
  });

  it('is trusted by the key in its first entry when there is no policy, and says so', async () => {
    const report = await verifyLedger(directorySource(exported));
    expect(briefly(report)).toEqual([]);
    expect(report.trust).toBe('ledger');
  });

  it('keeps what is full and writes the rest anew', async () => {
    expect(await exportAgain()).toEqual({ size: 301, written: 4 });
    expect(briefly(await audit(exported))).toEqual([]);
  });

  it('keeps what an export that did not come to its end has left only if it is this log’s', async () => {
    const report = await afterHarm(async (copy) => {
      rmSync(join(copy, 'checkpoint'));
      flip(join(copy, 'tile', '0', '000'), 77);
      expect(await exportAgain(copy)).toEqual({ size: 301, written: 5 });
    });
    expect(briefly(report)).toEqual([]);
  });

  it('refuses to stand where another history of this log does, longer or not', async () => {
    const [one, two] = [temporaryFolder(), temporaryFolder()];
    await makeLedger(one.path, 5);
    cpSync(one.path, two.path, { recursive: true });
    await makeLedger(one.path, 5, 'one');
    const shown = await openTestLedger(one.path, { readOnly: true });
    await exportStatic(shown, join(one.path, 'static'));
    const files = filesIn(join(one.path, 'static'));
    for (const [more, size] of [
      [5, 11],
      [10, 21],
    ] as const) {
      await makeLedger(two.path, more, `two-${more}`);
      const fork = await openTestLedger(two.path, { readOnly: true });
      await expect(exportStatic(fork, join(one.path, 'static'))).rejects.toMatchObject({
        code: 'IML_LEDGER_ROLLBACK',
        message: expect.stringMatching(
          new RegExp(
            `has ${size} entries and is not the one whose checkpoint of 11 entries .*checkpoint holds: .* Put`,
          ),
        ),
      });
      await fork.close();
    }
    expect(filesIn(join(one.path, 'static'))).toEqual(files);
    await makeLedger(one.path, 5, 'three');
    const grown = await openTestLedger(one.path, { readOnly: true });
    expect(await exportStatic(grown, join(one.path, 'static'))).toMatchObject({ size: 16 });
    await Promise.all([shown.close(), grown.close()]);
    one.cleanUp();
    two.cleanUp();
  });

  it('refuses to stand where another log does, or a newer state of this one', async () => {
    const before = readFileSync(join(exported, 'checkpoint'));
    const other = temporaryFolder();
    await makeLedger(other.path, 5);
    const stranger = await openTestLedger(other.path, { readOnly: true });
    await expect(exportStatic(stranger, exported)).rejects.toThrow(
      /not this ledger: it has an export of immutable-log/,
    );
    await stranger.close();
    other.cleanUp();

    const ahead = temporaryFolder();
    const older = copyOf((await makeLedger(ahead.path, 5)).path, join(ahead.path, 'older.db'));
    await makeLedger(ahead.path, 5, 'more');
    const [newer, old] = await Promise.all([
      openTestLedger(ahead.path, { readOnly: true }),
      openTestLedger(ahead.path, { path: older, readOnly: true }),
    ]);
    await exportStatic(newer, join(ahead.path, 'static'));
    await expect(exportStatic(old, join(ahead.path, 'static'))).rejects.toThrow(/has 6 entries .* of 11 entries/);
    await Promise.all([newer.close(), old.close()]);
    ahead.cleanUp();
    expect(readFileSync(join(exported, 'checkpoint')).equals(before)).toBe(true);
  });

  it('names the entry in which a bit of its bundle is changed', async () => {
    const path = join('tile', 'entries', '000');
    const lengths = lengthsOf(readFileSync(join(exported, path)));
    for (const index of [0, 1, 100, 255]) {
      const start = lengths.slice(0, index).reduce((sum, length) => sum + 2 + length, 0);
      const inEntry = await afterHarm((copy) => flip(join(copy, path), (start + 2 + (index % 50)) * 8 + 1));
      expect(briefly(inEntry)).toEqual([`ENTRY_MISMATCH ${index}`]);
      // Of the length in front of it: all that follows is garbage, and is not reported.
      for (const bit of [0, 8, 11]) {
        const inLength = await afterHarm((copy) => flip(join(copy, path), start * 8 + bit));
        expect(briefly(inLength)).toEqual([`ENTRY_MISMATCH ${index}`]);
      }
    }
  });

  it('names the hash of which a bit is changed', async () => {
    for (const [path, at, index] of [
      ['tile/0/000', 9, 9],
      ['tile/0/001.p/45', 44, 300],
      ['tile/1/000.p/1', 0, 0],
    ] as const) {
      const report = await afterHarm((copy) => flip(join(copy, path), at * 256 + 200));
      expect(report.findings.filter(({ severity }) => severity !== 'info')).toMatchObject([
        { code: 'TILE_MISMATCH', path, index },
      ]);
    }
  });

  it('is UNAVAILABLE, and not tampered with, where files are missing', async () => {
    for (const path of filesIn(exported)) {
      const report = await afterHarm((copy) => rmSync(join(copy, path)));
      expect(briefly(report)).toContainEqual(expect.stringMatching(/^UNAVAILABLE/));
      expect(exitCode(report)).toBe(2);
    }
  });

  it('is not tampered with either where the entry that names its key is missing, and nobody was told the key', async () => {
    const remembered = [{ note: readFileSync(join(exported, 'checkpoint'), 'utf8'), holder: 'seen.note' }];
    const copy = mkdtempSync(join(folder.path, 'copy-'));
    cpSync(exported, copy, { recursive: true });
    rmSync(join(copy, 'tile/entries/000'));
    const report = await verifyLedger(directorySource(copy), { remembered });
    expect(report.findings).toContainEqual(
      expect.objectContaining({ code: 'UNAVAILABLE', path: 'checkpoint', message: expect.stringContaining('policy') }),
    );
    expect(report.bySeverity.tampering).toBe(0);
    expect(exitCode(report)).toBe(2);
  });

  it('is refused where a file is cut, longer, or too long to be read', async () => {
    const cut = await afterHarm((copy) => truncateSync(join(copy, 'tile/0/000'), 100));
    expect(cut.byCode).toMatchObject({ TILE_MISMATCH: 1 });
    const longer = await afterHarm((copy) => writeFileSync(join(copy, 'tile/entries/000'), 'x', { flag: 'a' }));
    expect(longer.findings).toContainEqual(
      expect.objectContaining({ code: 'ENTRY_MISMATCH', path: 'tile/entries/000' }),
    );
    const huge = await afterHarm((copy) => writeFileSync(join(copy, 'tile/0/000'), Buffer.alloc(8193)));
    expect(huge.byCode).toMatchObject({ UNAVAILABLE: 1 });
  });

  it('is not waited for where something else than a file lies in it', async () => {
    const report = await afterHarm((copy) => {
      const [tile, bundle] = [join(copy, 'tile/0/000'), join(copy, 'tile/entries/000')];
      rmSync(tile);
      execFileSync('mkfifo', [tile]);
      rmSync(bundle);
      symlinkSync('/dev/zero', bundle);
    });
    const refused = report.findings.filter(({ message }) => message.endsWith(' is no file'));
    expect(refused).toMatchObject([
      { code: 'UNAVAILABLE', path: 'tile/0/000' },
      { code: 'UNAVAILABLE', path: 'tile/entries/000' },
    ]);
    expect(exitCode(report)).toBe(2);
  });

  it('reads a full tile where a partial one has gone', async () => {
    const source = new MemorySource(Array.from({ length: 512 }, (_, index) => leaf(index)));
    const path = join(folder.path, 'grown');
    writeTree(path, 512);
    writeFileSync(join(path, 'checkpoint'), new MemorySource(source.bytes.slice(0, 300) as Uint8Array[]).note);
    // Of the upper tile the log of 300 had one hash, and the full one never was.
    writeFileSync(join(path, 'tile/1/000.p/1'), readFileSync(join(path, 'tile/1/000.p/2')).subarray(0, 32));
    const report = await verifyLedger(directorySource(path), {
      opaqueEntries: true,
      policy: trustInKeys([LOG.vkey]),
    });
    expect(report.findings).toEqual([]);
  });

  describe('behind a web server', () => {
    let server: Server | undefined;
    afterEach(() => new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve())));

    async function serve(listener: RequestListener): Promise<string> {
      server = createServer(listener);
      await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/log`;
    }

    const files: RequestListener = (request, response) => {
      try {
        response.end(readFileSync(join(exported, request.url!.replace('/log/', ''))));
      } catch {
        response.writeHead(404).end();
      }
    };

    it('verifies as it does in its folder', async () => {
      const url = await serve(files);
      for (const given of [url, `${url}/`]) {
        const report = await verifyLedger(httpSource(given), { policy: trustInKeys([vkey]) });
        expect(briefly(report)).toEqual([]);
        expect(report.entries).toBe(301);
      }
    });

    it('is asked again when the server stumbles, with the bearer', async () => {
      const seen = new Map<string, number>();
      const url = await serve((request, response) => {
        expect(request.headers.authorization).toBe('Bearer secret');
        const times = (seen.get(request.url!) ?? 0) + 1;
        seen.set(request.url!, times);
        if (times === 1) response.writeHead(503).end();
        else files(request, response);
      });
      const source = httpSource(url, { bearer: 'secret' });
      expect(briefly(await verifyLedger(source, { policy: trustInKeys([vkey]) }))).toEqual([]);
    });

    it('is soon given up where the server answers for no bundle', async () => {
      const size = 256 * 103;
      const path = join(folder.path, 'stalled');
      writeTree(path, size);
      writeFileSync(join(path, 'checkpoint'), new MemorySource(Array.from({ length: size }, (_, n) => leaf(n))).note);
      let asked = 0;
      const url = await serve((request, response) => {
        if (request.url!.includes('tile/entries/')) asked += 1;
        else response.end(readFileSync(join(path, request.url!.replace('/log/', ''))));
      });
      const report = await verifyLedger(httpSource(url, { timeoutMs: 500 }), {
        opaqueEntries: true,
        policy: trustInKeys([LOG.vkey]),
      });
      const givenUp = { code: 'UNAVAILABLE', index: 256 * 100, lastIndex: size - 1 };
      expect(report.findings).toContainEqual(expect.objectContaining(givenUp));
      expect(report.byCode).toEqual({ UNAVAILABLE: expect.any(Number) });
      // Two of them for the whole time, then with less patience, for no longer than once more that time.
      expect(asked).toBeGreaterThan(2);
      expect(asked).toBeLessThanOrEqual(12);
      server!.closeAllConnections();
    });

    it('verifies where the server is slow, and has stalled once', async () => {
      let stalls = 0;
      const url = await serve((request, response) => {
        if (request.url!.endsWith('tile/entries/000') && ++stalls <= 2) return;
        setTimeout(() => files(request, response), 150);
      });
      const report = await verifyLedger(httpSource(url, { timeoutMs: 1_000 }), { policy: trustInKeys([vkey]) });
      expect(briefly(report)).toEqual([]);
      expect(report.entries).toBe(301);
      server!.closeAllConnections();
    });

    it('is UNAVAILABLE where it is withheld', async () => {
      const url = await serve((request, response) => {
        if (request.url!.includes('tile/0/')) response.writeHead(404).end();
        else files(request, response);
      });
      const report = await verifyLedger(httpSource(url), { policy: trustInKeys([vkey]) });
      expect(report.findings).toContainEqual(expect.objectContaining({ code: 'UNAVAILABLE', path: 'tile/0/000' }));
      expect(exitCode(report)).toBe(2);
    });

    it('cannot be verified where nobody answers, or only refuses', async () => {
      const url = await serve((_, response) => response.writeHead(403).end());
      await expect(verifyLedger(httpSource(url))).rejects.toThrow(/checkpoint answered 403/);
      const { port } = server!.address() as AddressInfo;
      await new Promise<void>((resolve) => server!.close(() => resolve()));
      server = undefined;
      await expect(verifyLedger(httpSource(`http://127.0.0.1:${port}`))).rejects.toThrow(/ECONNREFUSED/);
    });

    it('cannot be verified where something else answers with a web page', async () => {
      const url = await serve((_, response) =>
        response.setHeader('Content-Type', 'text/html; charset=utf-8').end('\n<!DOCTYPE html><title>Log in</title>'),
      );
      await expect(verifyLedger(httpSource(url))).rejects.toThrow(/checkpoint answered with a web page/);
    });

    it('stops reading where an answer has no end', async () => {
      const url = await serve((_, response) => {
        response.writeHead(200);
        const chunk = Buffer.alloc(100_000);
        const more = (): void => {
          while (!response.destroyed && response.write(chunk));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      });
      await expect(verifyLedger(httpSource(url))).rejects.toThrow(/answered more than 1048576 bytes/);
    });
  });
});

describe('the trees of the vectors, written out', () => {
  const { vectors } = readVectors();
  const folder = temporaryFolder();
  afterAll(() => folder.cleanUp());

  it.each(Array.from<any>(vectors.tiles.trees).map((tree) => [Number(tree.size), tree] as const))(
    '%i entries have the manifest and verify',
    async (size, tree) => {
      const path = join(folder.path, String(size));
      const lines = writeTree(path, size);
      expect(createHash('sha256').update(lines.join('')).digest('hex')).toBe(tree.manifest_sha256);
      const entries = Array.from({ length: size }, (_, index) => leaf(index));
      writeFileSync(join(path, 'checkpoint'), new MemorySource(entries).note);
      const report = await verifyLedger(directorySource(path), {
        opaqueEntries: true,
        policy: trustInKeys([LOG.vkey]),
      });
      expect(report).toMatchObject({ entries: size, findings: [] });
      expect(Buffer.from(report.checkpoint!.root, 'base64').toString('hex')).toBe(tree.root);
    },
    30_000,
  );
});

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function lengthsOf(bundle: Uint8Array): number[] {
  const lengths: number[] = [];
  for (let at = 0; at < bundle.length; at += 2 + lengths.at(-1)!) lengths.push(bundle[at]! * 256 + bundle[at + 1]!);
  return lengths;
}
