import { Get, Inject, Res } from '@nestjs/common';
import { json, send } from './answer.js';
import { LedgerConnection } from './ledger-connection.js';
import { LedgerRoutes } from './ledger-routes.decorator.js';
import type { PlatformReply } from './platform.js';

/** Whether events can be taken in, for who watches the process. Needs no key and says nothing else. */
@LedgerRoutes()
export class HealthController {
  constructor(@Inject(LedgerConnection) private readonly connection: LedgerConnection) {}

  @Get('healthz')
  healthz(@Res() reply: PlatformReply): void {
    const { state } = this.connection.ledger.status();
    const ok = state === 'ok';
    send(reply, json({ ok, state }, { status: ok ? 200 : 503 }));
  }
}
