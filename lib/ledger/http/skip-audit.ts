import { SetMetadata } from '@nestjs/common';

/**
 * The ledger's own routes are not audited: an application that sends its events to itself would never come to an end.
 * The metadata of `@SkipAudit()`, by the key that both know; the decorator itself lies on a higher level.
 */
export const SkipAuditOfLedger = (): ClassDecorator => SetMetadata(Symbol.for('nestjs-immutable-log.skip-audit'), true);
