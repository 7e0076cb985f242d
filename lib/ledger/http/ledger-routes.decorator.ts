import { applyDecorators, Controller, UseFilters, UseGuards, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiKeyGuard } from './api-key.guard.js';
import { ExactPathGuard } from './exact-path.guard.js';
import { LedgerExceptionFilter } from './ledger-exception.filter.js';
import { SkipAuditOfLedger } from './skip-audit.js';

/**
 * A controller of the ledger: known by its keys, answering in its own words and to its own paths, not audited. The application's versioning
 * does not move its paths, which are fixed by contracts with others.
 */
export function LedgerRoutes(): ClassDecorator {
  return applyDecorators(
    Controller({ version: VERSION_NEUTRAL }),
    UseGuards(ExactPathGuard, ApiKeyGuard),
    UseFilters(LedgerExceptionFilter),
    SkipAuditOfLedger(),
  );
}
