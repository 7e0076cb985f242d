import { applyDecorators, Controller, UseFilters, UseGuards, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiKeyGuard } from './api-key.guard.js';
import { LedgerExceptionFilter } from './ledger-exception.filter.js';
import { SkipAuditOfLedger } from './skip-audit.js';

/**
 * A controller of the ledger: known by its keys, answering in its own words, not audited. The application's versioning
 * does not move its paths, which are fixed by contracts with others.
 */
export function LedgerRoutes(): ClassDecorator {
  return applyDecorators(
    Controller({ version: VERSION_NEUTRAL }),
    UseGuards(ApiKeyGuard),
    UseFilters(LedgerExceptionFilter),
    SkipAuditOfLedger(),
  );
}
