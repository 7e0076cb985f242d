import { AuditEvent, ImmutableLogModule, ImmutableLogService, SkipAudit } from 'nestjs-immutable-log';
import type { ImmutableLogOptions } from 'nestjs-immutable-log';
import { startImmutableLogServer } from 'nestjs-immutable-log/testing';
import type { ImmutableLogServer } from 'nestjs-immutable-log/testing';

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
