export { ApiKeyError } from './api-keys/api-key.error.js';
export { API_KEY_SCOPES } from './api-keys/api-key.js';
export type { ApiKey, ApiKeyScope, CreatedApiKey } from './api-keys/api-key.js';
export { ApiKeys } from './api-keys/api-keys.js';
export type { OpenApiKeysOptions } from './api-keys/api-keys.js';
export { SEVERITIES } from './audit/finding.js';
export type { Finding, FindingCode, Severity } from './audit/finding.js';
export type { EntryBundle, LedgerSource, RememberedNote, SourceHead } from './audit/ledger-source.js';
export { readReceipts } from './audit/receipts/read-receipts.js';
export type { Receipt, ReceiptsRead, UselessReceipt } from './audit/receipts/receipt.js';
export { databaseSource } from './audit/sources/database-source.js';
export type { DatabaseSourceOptions } from './audit/sources/database-source.js';
export { directorySource } from './audit/sources/directory-source.js';
export { httpSource } from './audit/sources/http-source.js';
export type { HttpSourceOptions } from './audit/source-recipe.js';
export { verifyLedger } from './audit/verify-ledger.js';
export type { VerifyOptions } from './audit/verify-ledger.js';
export { exitCode } from './audit/verify-report.js';
export type { VerifyReport } from './audit/verify-report.js';
export { exportStatic } from './export/export-static.js';
export type { StaticExport } from './export/export-static.js';
export { createLedgerServer } from './http/create-ledger-server.js';
export type { LedgerServer, LedgerServerOptions } from './http/create-ledger-server.js';
export { HttpPlatformMissingError } from './http/http-platform-missing.error.js';
export type { HttpPlatform } from './http/http-platform.js';
export { ImmutableLogLedgerModule } from './http/immutable-log-ledger.module.js';
export type { LedgerAsyncOptions, LedgerMounting } from './http/immutable-log-ledger.module.js';
export { LedgerModuleOptions } from './http/ledger-module.options.js';
export { REFUSALS } from './http/refusals.js';
export type { RefusalReason } from './http/refusals.js';
export type { CheckpointSigner } from './keys/checkpoint-signer.js';
export {
  IdempotencyKeyReusedError,
  InvalidLedgerEventError,
  LedgerCorruptError,
  LedgerError,
  LedgerForeignError,
  LedgerFullError,
  LedgerKeyError,
  LedgerReadOnlyError,
  LedgerRollbackError,
  LedgerUnavailableError,
  LedgerUnwritableError,
  SqliteMissingError,
} from './ledger-errors.js';
export { Ledger } from './ledger.js';
export type {
  EntryContent,
  ErasureReceipt,
  ErasureRequest,
  EventErasure,
  EventFilter,
  EventPage,
  EventsFound,
  LedgerEntry,
  LedgerEvent,
  LedgerReceipt,
  LedgerStatus,
  RecordReceipt,
  StoredEvent,
  StreamNotice,
} from './ledger.types.js';
export { openLedger } from './open-ledger.js';
export type { OpenLedgerOptions } from './open-ledger.js';
