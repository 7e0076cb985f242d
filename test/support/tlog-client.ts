import { createHash, createPublicKey, verify } from 'node:crypto';

/** Reads one resource of a log, such as `checkpoint` or `tile/0/000.p/3`. */
export type Fetch = (path: string) => Promise<Buffer>;

/**
 * An auditor's client of a log, written from the specifications and without anything of the library: opens the signed
 * checkpoint, fetches every bundle and every tile, and recomputes everything from the entries up. Throws at the first
 * thing that does not fit; answers with the entries.
 */
export async function auditLog(fetch: Fetch, vkey: string): Promise<{ size: number; entries: Buffer[] }> {
  const { size, root } = openCheckpoint((await fetch('checkpoint')).toString('utf8'), vkey);
  const entries: Buffer[] = [];
  for (const [n, width] of pieces(size)) entries.push(...split(await fetch(pathOf('entries', n, width)), width));
  let hashes = entries.map((entry) => sha256(Buffer.of(0), entry));
  if (!merkleRoot(hashes).equals(root)) throw new Error('the root of the checkpoint is another');
  for (let level = 0; hashes.length > 0; level++) {
    for (const [n, width] of pieces(hashes.length)) {
      const tile = await fetch(pathOf(String(level), n, width));
      if (!tile.equals(Buffer.concat(hashes.slice(n * 256, n * 256 + width)))) {
        throw new Error(`tile ${n} of level ${level} is another`);
      }
    }
    const full = Math.floor(hashes.length / 256);
    hashes = Array.from({ length: full }, (_, n) => merkleRoot(hashes.slice(n * 256, (n + 1) * 256)));
  }
  return { size, entries };
}

function openCheckpoint(note: string, vkey: string): { size: number; root: Buffer } {
  const at = note.lastIndexOf('\n\n');
  const [text, signatures] = [note.slice(0, at + 1), note.slice(at + 2)];
  const [name, id, key] = [vkey.split('+')[0]!, vkey.split('+')[1]!, vkey.split('+').slice(2).join('+')];
  const line = signatures.split('\n').find((candidate) => candidate.startsWith(`\u2014 ${name} `));
  const blob = Buffer.from(line!.split(' ')[2]!, 'base64');
  if (blob.subarray(0, 4).toString('hex') !== id) throw new Error('the signature is of another key');
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(key, 'base64').subarray(1)]);
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  if (!verify(null, Buffer.from(text), publicKey, blob.subarray(4))) throw new Error('the signature is bad');
  const [origin, size, root] = text.split('\n');
  if (origin !== name) throw new Error('the checkpoint is of another log');
  return { size: Number(size), root: Buffer.from(root!, 'base64') };
}

function pieces(count: number): [n: number, width: number][] {
  return Array.from({ length: Math.ceil(count / 256) }, (_, n) => [n, Math.min(256, count - n * 256)]);
}

function pathOf(level: string, n: number, width: number): string {
  return `tile/${level}/${String(n).padStart(3, '0')}${width === 256 ? '' : `.p/${width}`}`;
}

function split(bundle: Buffer, width: number): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < bundle.length; at += 2 + bundle.readUInt16BE(at)) {
    entries.push(bundle.subarray(at + 2, at + 2 + bundle.readUInt16BE(at)));
  }
  if (entries.length !== width) throw new Error(`a bundle has ${entries.length} entries instead of ${width}`);
  return entries;
}

function merkleRoot(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return sha256();
  if (hashes.length === 1) return hashes[0]!;
  const left = 2 ** Math.floor(Math.log2(hashes.length - 1));
  return sha256(Buffer.of(1), merkleRoot(hashes.slice(0, left)), merkleRoot(hashes.slice(left)));
}

function sha256(...parts: Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}
