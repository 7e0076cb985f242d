import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonReceipts, parseProofReceipt } from './parse-receipt.js';
import type { Receipt, ReceiptsRead, UselessReceipt } from './receipt.js';

/**
 * Reads the receipts in a folder and those below it: `.tlog-proof`, `.json` and `.jsonl` files, and links to such. Others
 * are ignored.
 */
export async function readReceipts(folder: string): Promise<ReceiptsRead> {
  const receipts: Receipt[] = [];
  const useless: UselessReceipt[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!/\.(tlog-proof|jsonl?)$/.test(entry.name)) continue;
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() && !(entry.isSymbolicLink() && (await stat(file)).isFile())) continue;
    const text = await readFile(file, 'utf8');
    const parsed = file.endsWith('.tlog-proof') ? [parseProofReceipt(file, text)] : parseJsonReceipts(file, text);
    for (const receipt of parsed) {
      if ('leafHash' in receipt) receipts.push(receipt);
      else useless.push(receipt);
    }
  }
  return { receipts, useless };
}
