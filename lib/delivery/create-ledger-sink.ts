import type { AuditLogger } from '../event/audit-logger.js';
import { gapEventBuilder, type ServiceSettings } from '../event/gap-event.js';
import type { Ledger } from '../ledger/ledger.js';
import type { LedgerOptions } from '../ledger/ledger.options.js';
import { openLedger } from '../ledger/open-ledger.js';
import type { DeliveryOptions } from './delivery.options.js';
import { EventSpool } from './event-spool.js';
import { LedgerSink } from './ledger-sink.js';
import type { LedgerSinkSettings } from './ledger-sink.settings.js';
import { SpoolReplay } from './replay-spool.js';
import type { StreamSoFar } from './streams/stream-so-far.js';
import { streamFolder } from './streams/stream-folder.js';

export interface LedgerSinkInput {
  readonly ledger: Readonly<LedgerOptions>;
  readonly delivery: Readonly<DeliveryOptions>;
  readonly logger: AuditLogger;
  readonly source: string;
  readonly streamId: string;
  readonly soFar?: StreamSoFar | undefined;
  /** What the sink's own events say of the service. */
  readonly service: ServiceSettings;
  readonly isHosted?: boolean | undefined;
}

/** The sink of the `local` mode, open or with a reason why not. */
export async function createLedgerSink(input: LedgerSinkInput): Promise<LedgerSink> {
  const sink = new LedgerSink(ledgerSinkSettings(input));
  await sink.start();
  return sink;
}

/** How the ledger of an application is opened and written. */
export function ledgerSinkSettings({
  ledger,
  delivery,
  logger,
  source,
  streamId,
  soFar,
  service,
  isHosted = false,
}: LedgerSinkInput): LedgerSinkSettings {
  const replay = new SpoolReplay(ledger.path, logger);
  const takeIn = (opened: Ledger): Promise<ReadonlySet<string>> => replay.takeIn(opened);
  const open = async (): Promise<Ledger> => {
    const opened = await openLedger({ ...ledger, logger });
    logger.log(`Events are kept in the ledger ${ledger.path} (${opened.origin}, ${opened.size()} entries)`);
    await takeIn(opened);
    return opened;
  };
  const streams = { streamId, soFar, streamFolder: streamFolder(ledger.path), gapEvent: gapEventBuilder(service) };
  const spool = isHosted ? undefined : new EventSpool({ ledgerPath: ledger.path, source, streamId, logger });
  return { open, options: delivery, logger, source, ...streams, takeIn, spool, isHosted };
}
