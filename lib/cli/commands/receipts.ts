import { Command, Option } from 'commander';
import { listReceipts, listRejections } from '../../delivery/forwarder/kept-outcomes.js';
import type { ForwardReceipt, ForwardRejection, ForwardState } from '../../delivery/forwarder/forward-store.js';
import { isoTime } from '../../event/iso-time.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { LedgerEntry } from '../../ledger/ledger.types.js';
import type { CommandContext } from '../command-context.js';
import { entryFacts } from '../entry-facts.js';
import { entryLine } from '../entry-line.js';
import { escapeControls, safeJson } from '../escape-controls.js';
import { EXIT } from '../exit-codes.js';
import { forwardState, pendingEntries, withForwarding } from '../forwarding.js';
import { sizeOf, withLedger } from '../open-to-read.js';
import { parseCount } from '../parse-count.js';
import type { Terminal } from '../terminal.js';

interface Options {
  readonly db: string;
  readonly pending?: boolean;
  readonly rejected?: boolean;
  readonly mismatches?: boolean;
  readonly from: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** One line for people, and the same for programs. */
interface Line {
  readonly text: string;
  readonly json: object;
}

const EXAMPLES = `
Examples:
  immutable-log receipts --db ledger.db --rejected
  immutable-log receipts --db ledger.db --json > receipts.jsonl   # verify --receipts takes it
`;

export function receiptsCommand(context: CommandContext): Command {
  return new Command('receipts')
    .summary('show what came of the events that were forwarded')
    .description('Shows the receipts of the API for events of a ledger that is forwarded, in the order of the log.')
    .requiredOption('--db <file>', 'the ledger')
    .addOption(new Option('--pending', 'instead: events without an answer').conflicts(['rejected', 'mismatches']))
    .addOption(new Option('--rejected', 'instead: events refused for good, see redrive').conflicts('mismatches'))
    .option('--mismatches', 'only receipts for another payload than the one that was sent')
    .option('--from <index>', 'only from this place of the log on', parseCount, 0)
    .option('--json', 'one JSON object a line')
    .option('-q, --quiet', 'no summary')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      const { db } = options;
      await withLedger(db, (ledger) =>
        withForwarding(db, (forwarded) => show(ledger, { ...options, db: forwarded }, context.terminal)),
      );
      context.done(EXIT.ok);
    });
}

async function show(ledger: Ledger, options: Options, terminal: Terminal): Promise<void> {
  const size = await sizeOf(ledger);
  const state = await forwardState(options.db);
  if (!options.quiet) terminal.note(`${state === undefined ? 'nothing was forwarded yet' : summary(state, size)}\n`);
  for await (const { text, json } of linesOf(ledger, options)) {
    await terminal.print(options.json ? `${safeJson(json)}\n` : `${escapeControls(text)}\n`);
    if (terminal.isClosed) return;
  }
}

async function* linesOf(ledger: Ledger, options: Options): AsyncGenerator<Line, void, undefined> {
  const { db, from, mismatches } = options;
  if (options.pending) for await (const entry of pendingEntries(ledger, db, from)) yield pendingLine(entry);
  else if (options.rejected) for await (const rejection of listRejections(db, from)) yield rejectionLine(rejection);
  else for await (const receipt of listReceipts(db, { from, mismatches })) yield receiptLine(receipt);
}

function receiptLine({ index, txId, key, atMs, remoteTxId, ...said }: ForwardReceipt): Line {
  const { duplicate, hashMatches, payloadHash, requestId } = said;
  const remarks = [duplicate && 'duplicate', hashMatches === false && 'OTHER PAYLOAD'].filter((remark) => remark);
  return {
    text: [isoTime(atMs), `#${index}`, txId.slice(0, 15), remoteTxId, ...remarks].join('  '),
    json: {
      index,
      tx_id: txId,
      remote_tx_id: remoteTxId,
      delivered_at: isoTime(atMs),
      idempotency_key: key,
      duplicate,
      payload_hash: payloadHash,
      hash_matches: hashMatches,
      request_id: requestId,
    },
  };
}

function rejectionLine({ index, txId, key, atMs, status, reason, redriven }: ForwardRejection): Line {
  const remarks = redriven ? ['is sent again'] : [];
  return {
    text: [isoTime(atMs), `#${index}`, txId, ...(status === undefined ? [] : [status]), reason, ...remarks].join('  '),
    json: {
      index,
      tx_id: txId,
      rejected_at: isoTime(atMs),
      idempotency_key: key,
      status,
      reason,
      sent_again: redriven,
    },
  };
}

function pendingLine(entry: LedgerEntry): Line {
  const { index, tx_id, received_at, event_name } = entryFacts(entry);
  return { text: entryLine(entry), json: { index, tx_id, received_at, event_name } };
}

function summary({ position, rejected, hashMismatches, pause }: ForwardState, size: number): string {
  const parts = [
    // The forwarder does not wait for the checkpoint to be saved, up to which others see the ledger.
    `forwarded up to entry ${position} of ${Math.max(size, position)}`,
    ...(rejected > 0 ? [`${rejected} rejected`] : []),
    ...(hashMismatches > 0 ? [`${hashMismatches} receipts for another payload`] : []),
    ...(pause === undefined ? [] : [`paused until ${isoTime(pause.until)} (${pause.reason})`]),
  ];
  return parts.join(', ');
}
