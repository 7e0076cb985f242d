import { Inject, Injectable } from '@nestjs/common';
import { ImmutableLogService } from './immutable-log.service.js';
import type { ImmutableLogStatus } from './immutable-log.status.js';

export interface AuditHealthOptions {
  /** Also `down` while events are kept but not forwarded: an outage, a used-up quota. */
  readonly degradedIsDown?: boolean;
}

/** What a health check of `@nestjs/terminus` 11 and newer expects of an indicator. */
export type AuditHealth<Key extends string> = Record<
  Key,
  Pick<
    ImmutableLogStatus,
    'mode' | 'state' | 'waiting' | 'inFlight' | 'dropped' | 'rejected' | 'paused' | 'lastError' | 'verification'
  > & {
    readonly status: 'up' | 'down';
    readonly backlog?: number;
  }
>;

/**
 * The audit trail as an indicator of `@nestjs/terminus`: `down` when events cannot be kept, or when the API refuses the
 * credential. It needs nothing of that package.
 *
 * ```ts
 * health.check([() => auditLog.isHealthy('audit')]);
 * ```
 */
@Injectable()
export class ImmutableLogHealthIndicator {
  constructor(@Inject(ImmutableLogService) private readonly log: ImmutableLogService) {}

  isHealthy<Key extends string>(key: Key, { degradedIsDown = false }: AuditHealthOptions = {}): AuditHealth<Key> {
    const status = this.log.status();
    const { mode, state, waiting, inFlight, dropped, rejected } = status;
    const { paused, lastError, forwarding, verification } = status;
    const isDown = state === 'down' || state === 'closed' || (degradedIsDown && state === 'degraded');
    const health = {
      status: isDown ? ('down' as const) : ('up' as const),
      ...{ mode, state, waiting, inFlight, dropped, rejected },
      ...(forwarding && { backlog: forwarding.backlog }),
      ...(paused && { paused }),
      ...(verification && { verification }),
      ...(lastError !== undefined && { lastError }),
    };
    return { [key]: health } as AuditHealth<Key>;
  }
}
