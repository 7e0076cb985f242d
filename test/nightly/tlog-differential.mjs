// Shows that tools which others wrote verify our ledgers, and we theirs: holds exports, proofs and signatures against
// the packages tlog and note of golang.org/x/mod/sumdb, which the go command trusts. Sizes lie around widths of tiles.
// It needs Go, and golang.org/x/mod as Go finds it: either in the module of the current folder, or below a GOPATH with
// GO111MODULE=off. Ends with 1 if there is a difference, with 3 if Go or the module is missing.
// `npm run build && node test/nightly/tlog-differential.mjs [largest size]`
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGoTool, whatIsMissing } from './tlog-differential/go-tool.mjs';
import { OurLedger } from './tlog-differential/ours.mjs';
import { Tally } from './tlog-differential/tally.mjs';
import { compareTheirs } from './tlog-differential/theirs.mjs';

// The last has a partial tile on three levels: 66,049 = 258 * 256 + 1.
const SIZES = [1, 2, 255, 256, 257, 300, 511, 512, 513, 1_000, 66_049];
const LARGEST = Number(process.argv[2] ?? Infinity);

const missing = await whatIsMissing();
if (missing === undefined) await compareAll();
else {
  console.error(missing);
  process.exitCode = 3;
}

async function compareAll() {
  const folder = mkdtempSync(join(tmpdir(), 'tlog-differential-'));
  const total = new Tally();
  const go = await buildGoTool(folder);
  const ours = new OurLedger(join(folder, 'ours'), go);
  for (const size of SIZES.filter((each) => each <= LARGEST)) {
    const tally = new Tally();
    try {
      await ours.compareAt(size, tally);
      await compareTheirs(size, { folder, go, tally });
    } catch (error) {
      // Something had nothing to go on with: also a difference.
      tally.expect(false, error.stderr || error.stack);
    }
    for (const difference of tally.differences) console.error(difference);
    console.log(`${size} entries: ${tally.compared} comparisons, ${tally.differences.length} differences`);
    total.add(tally);
  }
  console.log(`${total.compared} comparisons, ${total.differences.length} differences`);
  if (total.differences.length === 0) rmSync(folder, { recursive: true });
  else console.error(`The logs are left in ${folder}`);
  process.exitCode = total.differences.length === 0 ? 0 : 1;
}
