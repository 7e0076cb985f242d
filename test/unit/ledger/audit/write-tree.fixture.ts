import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  entryBundles,
  formatEntryBundle,
  hashTiles,
  leafHash,
  tilePath,
  TreeGrowth,
} from '../../../../lib/ledger/verify/index.js';
import { leaf } from '../ledger.fixture.js';

/** Writes the files of a tree of `leaf-N`; answers with their lines of the manifest. */
export function writeTree(folder: string, size: number): string[] {
  const growth = TreeGrowth.empty();
  for (let index = 0; index < size; index++) growth.append(leafHash(leaf(index)));
  const tiles = new Map(growth.takeGrownTiles().map(({ level, n, data }) => [`${level}/${n}`, data]));
  const files = [
    ...[...hashTiles(size)].map((address) => [tilePath(address), tiles.get(`${address.level}/${address.n}`)!] as const),
    ...[...entryBundles(size)].map((address) => {
      const entries = Array.from({ length: address.width }, (_, at) => leaf(address.n * 256 + at));
      return [tilePath(address), formatEntryBundle(entries)] as const;
    }),
  ];
  return files.map(([path, bytes]) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
    return `${path} ${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}\n`;
  });
}
