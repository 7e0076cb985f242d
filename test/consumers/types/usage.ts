import { AuditEvent, ImmutableLogModule, ImmutableLogService, SkipAudit } from 'nestjs-immutable-log';
import type { ImmutableLogOptions } from 'nestjs-immutable-log';
import { openLedger } from 'nestjs-immutable-log/ledger';
import type { Ledger } from 'nestjs-immutable-log/ledger';
import { startImmutableLogServer } from 'nestjs-immutable-log/testing';
import type { ImmutableLogServer } from 'nestjs-immutable-log/testing';
import { emptyRoot, leafHash, verifyInclusion } from 'nestjs-immutable-log/verify';
import type { Policy } from 'nestjs-immutable-log/verify';

const options: ImmutableLogOptions = { serviceName: 'orders', delivery: { bufferLength: 10 }, skipPaths: [/^\/live/] };
export const modules = [
  ImmutableLogModule.forRoot(options),
  ImmutableLogModule.forRootAsync({ useFactory: () => options }),
];

// Would not be errors if the types had not been found: everything would be `any`.
// @ts-expect-error an unknown option
export const misspelt: ImmutableLogOptions = { servicename: 'orders' };
// @ts-expect-error a number is no event name
AuditEvent(42);

@SkipAudit()
export class Orders {
  constructor(private readonly log: ImmutableLogService) {}

  @AuditEvent({ name: 'order.placed', kind: 'info' })
  place(): string | undefined {
    return this.log.record('order.noted', { article: 'tea' }).id;
  }

  async confirmed(): Promise<string> {
    const receipt = await this.log.record('order.noted', {}, { guarantee: 'confirmed' });
    return receipt.txId;
  }
}

export async function countEvents(): Promise<number> {
  const server: ImmutableLogServer = await startImmutableLogServer();
  await server.close();
  return server.events.length;
}

export const opened: Promise<Ledger> = openLedger({ path: './ledger.db', logger: console });
// @ts-expect-error an unknown option
void openLedger({ pth: './ledger.db', logger: console });

export const proved: boolean = verifyInclusion(0, 1, leafHash(new Uint8Array(1)), [], emptyRoot());
export const witnesses = ({ quorum }: Policy) => quorum;
// @ts-expect-error a text is no hash
verifyInclusion(0, 1, 'leaf', [], emptyRoot());
