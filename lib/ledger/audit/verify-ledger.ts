import { randomBytes } from 'node:crypto';
import type { Policy } from '../checkpoint/policy.js';
import { encodeBase64 } from '../encoding/base64.js';
import { equalBytes } from '../encoding/bytes.js';
import type { AuditedTree, Check, CheckContext } from './check.js';
import { ContentCheck } from './checks/content-check.js';
import { DuplicateCheck } from './checks/duplicate-check.js';
import { LeafCheck } from './checks/leaf-check.js';
import { ReceiptCheck } from './checks/receipt-check.js';
import { RememberedCheck } from './checks/remembered-check.js';
import { StreamCheck } from './checks/stream-check.js';
import { contain } from './contain.js';
import { requireWorkers, startExamining } from './examine-how.js';
import type { FindingCode } from './finding.js';
import { Findings } from './findings.js';
import { LeafWalk } from './leaf-walk.js';
import type { LedgerSource, RememberedNote } from './ledger-source.js';
import { openCheckpoint } from './open-checkpoint.js';
import type { OpenedCheckpoint } from './open-checkpoint.js';
import { openRemembered } from './open-remembered.js';
import type { RememberedTree } from './open-remembered.js';
import type { ReceiptsRead } from './receipts/receipt.js';
import { sayWhatIsSkipped } from './say-what-is-skipped.js';
import { GaveUp, SourceReader } from './source-reader.js';
import { TreeWalk } from './tree-walk.js';
import type { VerifyReport } from './verify-report.js';

/** What is held against a ledger, and how closely it is looked at. */
export interface VerifyOptions {
  /** Who is trusted. Without it the keys are those that the ledger names itself, and the report says so. */
  readonly policy?: Policy | undefined;
  /** Checkpoints that were seen before: shows older copies and second histories. */
  readonly remembered?: readonly RememberedNote[] | undefined;
  /** What `readReceipts` found: shows events that were acknowledged and dropped. */
  readonly receipts?: ReceiptsRead | undefined;
  /** Also what lies beside the tree: payloads, meta, and what is derived from them. */
  readonly content?: boolean | undefined;
  /** The entries are another application's: only the tree is verified. */
  readonly opaqueEntries?: boolean | undefined;
  /**
   * In how many threads bundles of entries are examined: for a large ledger up to four, as many as there are cores, unless
   * given; 64 at most. It changes the time and the memory, not the report. With one, everything is read in the calling
   * thread.
   */
  readonly workers?: number | undefined;
  /** Told after each 256 entries or so. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
  readonly now?: (() => number) | undefined;
}

/**
 * Verifies a whole ledger: the signature, what is remembered, every tile, every entry, and all that follows from them. It
 * reads in the order of the log, keeps a few bytes for each entry, and closes the source at the end.
 *
 * Rejects only when the source cannot be opened or has no answer about its checkpoint, and with `InvalidOptionsError`: all
 * else is a finding. What the findings come to says `exitCode`.
 *
 * @example
 * const report = await verifyLedger(databaseSource('./.immutable-log/ledger.db'), { content: true });
 * if (exitCode(report) !== 0) alert(report.findings);
 */
export async function verifyLedger(
  source: LedgerSource | PromiseLike<LedgerSource>,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const opened = await source;
  try {
    requireWorkers(options.workers);
    return await verify(opened, options);
  } finally {
    await opened.close();
  }
}

async function verify(source: LedgerSource, options: VerifyOptions): Promise<VerifyReport> {
  const findings = new Findings();
  const notChecked = new Set<string>();
  const skip = (what: string): void => void notChecked.add(what);
  const checkpoint = await openCheckpoint(source, options.policy, findings);
  let entries = 0;
  if (checkpoint === undefined) {
    skip('everything: without a checkpoint there is nothing to verify against');
  } else {
    const tree = await treeOf(source, checkpoint, findings);
    const { policy, trust } = checkpoint;
    const context: CheckContext = {
      findings,
      policy,
      trust,
      tree,
      content: options.content === true,
      sound: new WeakSet(),
      wordSeed: randomBytes(4).readUInt32LE(),
      skip,
    };
    sayWhatIsSkipped(source, options, context);
    entries = await walk(source, await checksOf(source, options, context), { ...options, context });
  }
  return {
    source: source.name,
    ...(checkpoint === undefined ? {} : { checkpoint: summaryOf(checkpoint), trust: checkpoint.trust }),
    entries,
    findings: findings.list,
    bySeverity: findings.bySeverity,
    byCode: findings.byCode,
    notChecked: [...notChecked],
  };
}

/** The tree to verify: that of the checkpoint, or the larger one that the source has committed by now. */
async function treeOf(source: LedgerSource, signed: OpenedCheckpoint, findings: Findings): Promise<AuditedTree> {
  const head = await source.head?.();
  if (head === undefined || head.size <= signed.size || head.rows < head.size) return { ...signed, signed };
  findings.add('UNSIGNED_ENTRIES', {
    index: signed.size,
    lastIndex: head.size - 1,
    message: 'no saved checkpoint covers them yet: the ledger was at work, or ended without saving one',
  });
  return { origin: signed.origin, size: head.size, root: head.root, signed };
}

async function checksOf(source: LedgerSource, options: VerifyOptions, context: CheckContext): Promise<Check[]> {
  const { receipts, opaqueEntries = false, now = Date.now } = options;
  const fromReceipts = (receipts?.receipts ?? []).flatMap(({ checkpoint, file }) => {
    return checkpoint === undefined ? [] : [{ note: checkpoint, holder: file }];
  });
  const remembered = [
    ...(options.remembered ?? []),
    ...((await source.remembered?.()) ?? []),
    // Not a memory, but to be compared in the same way: the tree that is verified can be larger.
    { note: context.tree.signed.note, holder: 'checkpoint' },
  ];
  const trees = [
    ...remembered.flatMap((memory) => openMemory(memory, context)),
    ...fromReceipts.flatMap((receipt) => openMemory(receipt, context, 'RECEIPT_INVALID')),
  ];
  return [
    new RememberedCheck(context, source, trees),
    new DuplicateCheck(context),
    ...(opaqueEntries ? [] : [new LeafCheck(context), new StreamCheck(context, now(), source)]),
    ...(options.content && source.contents
      ? [new ContentCheck(context, source.contents.bind(source), source.beingErased?.bind(source))]
      : []),
    ...(receipts === undefined ? [] : [new ReceiptCheck(context, receipts)]),
    ...(source.ownChecks?.(context) ?? []),
  ];
}

function openMemory(
  memory: RememberedNote,
  { findings, policy, trust, tree }: CheckContext,
  useless: FindingCode = 'REMEMBERED_INVALID',
): RememberedTree[] {
  const opened = openRemembered(memory, policy, tree.origin);
  if (opened.kind === 'tree') return [opened.tree];
  // That the checkpoint itself is not signed has been said.
  if (memory.note === tree.signed.note) return [];
  // Where the ledger names its key itself, one's own memory knows better. Anybody can make up a receipt.
  const isNamed = trust === 'ledger' && policy.logs.length > 0;
  const isKeyReplaced = opened.kind === 'unsigned' && isNamed && useless === 'REMEMBERED_INVALID';
  const code = isKeyReplaced ? 'CHECKPOINT_SIGNATURE_INVALID' : useless;
  findings.add(code, { path: memory.holder, message: opened.problem, evidence: [memory.note, tree.signed.note] });
  return [];
}

interface WalkOptions extends VerifyOptions {
  readonly context: CheckContext;
}

async function walk(source: LedgerSource, checks: readonly Check[], options: WalkOptions): Promise<number> {
  const { context, opaqueEntries = false, onProgress } = options;
  const { findings, tree } = context;
  const reader = new SourceReader(source, findings);
  const onDone = (done: number): void => onProgress?.({ done, total: tree.size });
  const { content, wordSeed } = context;
  const how = { opaque: opaqueEntries, content, wordSeed, workers: options.workers, size: tree.size };
  const examining = startExamining(source, how);
  const examine = examining.examine.bind(examining);
  const leafWalk = new LeafWalk({ reader, findings, checks, examine, opaque: opaqueEntries, onProgress: onDone });
  const treeWalk = new TreeWalk({
    reader,
    findings,
    tree,
    pass: (n, root) => leafWalk.pass(n, root),
    leaves: (tile) => leafWalk.visit(tile),
  });
  try {
    const isRoot = await treeWalk.run();
    const before = findings.has('tampering');
    // The second reckoning is independent of all tiles, and has to come to the same.
    const isComputed = leafWalk.hasHoles || equalBytes(leafWalk.tree.root(), tree.root);
    if (!isRoot || (!isComputed && !before)) reportRoot(context, leafWalk.hasHoles);
  } catch (error) {
    if (!(error instanceof GaveUp)) throw error;
    const message = `too much in a row could not be read: entries from ${error.index} on were not looked at`;
    findings.add('UNAVAILABLE', { index: error.index, lastIndex: tree.size - 1, message });
  } finally {
    await examining.close();
  }
  for (const check of checks) await contain(findings, () => check.finish?.());
  return leafWalk.tree.size;
}

function reportRoot({ findings, tree }: CheckContext, hasHoles: boolean): void {
  // What is not there cannot be wrong; it has been reported.
  if (hasHoles) return;
  const isSigned = tree.size === tree.signed.size;
  const message = isSigned
    ? 'entries and tiles make up another root than the checkpoint has: they were rewritten without the key'
    : 'entries and tiles make up another root than the head has';
  const evidence = [tree.signed.note];
  findings.add(isSigned ? 'ROOT_MISMATCH' : 'HEAD_MISMATCH', {
    path: isSigned ? 'checkpoint' : 'log',
    message,
    evidence,
  });
}

function summaryOf({ origin, size, root, note }: OpenedCheckpoint): NonNullable<VerifyReport['checkpoint']> {
  return { origin, size, root: encodeBase64(root), note };
}
