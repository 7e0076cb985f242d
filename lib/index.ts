export type { AuditAlert } from './audit-alert.js';
export { AuditEvent } from './capture/audit-event.decorator.js';
export type { AuditEventMetadata } from './capture/audit-metadata.js';
export type { CaptureOptions, Identify, Identity } from './capture/capture.options.js';
export type { GuaranteeChoice, OnFailure } from './capture/guarantee.js';
export { ImmutableLogExceptionFilter } from './capture/http/audit-exception.filter.js';
export { ImmutableLogInterceptor } from './capture/http/audit.interceptor.js';
export { NoLedgerError } from './capture/no-ledger.error.js';
export { NotKeptInTimeError } from './event/not-kept-in-time.error.js';
export { NotRecordedError } from './capture/not-recorded.error.js';
export type { Annotation } from './capture/request-context.js';
export { SkipAudit } from './capture/skip-audit.decorator.js';
export { createImmutableLog } from './create-immutable-log.js';
export type { DeliveryOptions } from './delivery/delivery.options.js';
export type { ForwardReceipt, ForwardRejection, RejectionFilter } from './delivery/forwarder/forward-store.js';
export { listReceipts, listRejections, redriveRejected } from './delivery/forwarder/kept-outcomes.js';
export type { ReceiptQuery } from './delivery/forwarder/kept-outcomes.js';
export {
  BufferFullError,
  ClosedError,
  DestinationPausedError,
  GaveUpError,
  RejectedError,
} from './delivery/delivery-errors.js';
export { WorkerStartError } from './delivery/worker/worker-errors.js';
export type { HttpServiceLike } from './delivery/remote/http-service.js';
export type { Actor } from './event/actor.js';
export type { AuditEvent as FinishedEvent, EventKind, Guarantee, Outcome } from './event/audit-event.js';
export type { BodyPolicy } from './event/body-policy.js';
export { EventSink } from './event/event-sink.js';
export type { Awaited, Delivery, FlushResult, ForwardStatus, Receipt, SinkStatus } from './event/event-sink.js';
export type { Gap } from './event/losses.js';
export type { VerificationFinding, VerificationStatus } from './event/verification-status.js';
export type { RedactionOptions } from './event/redaction.options.js';
export { ImmutableLogHealthIndicator } from './immutable-log.health-indicator.js';
export type { AuditHealth, AuditHealthOptions } from './immutable-log.health-indicator.js';
export { ImmutableLogModule } from './immutable-log.module.js';
export type { ImmutableLogAsyncOptions } from './immutable-log.module.js';
export type { ImmutableLogOptions } from './immutable-log.options.js';
export { ImmutableLogService } from './immutable-log.service.js';
export type { ImmutableLogStatus } from './immutable-log.status.js';
export { InvalidOptionsError } from './options/invalid-options.error.js';
export type { BatchResult, EventToRecord, RecordedEvent, RecordOptions } from './record.types.js';
export { MetricsMissingError } from './metrics-missing.error.js';
export { IMMUTABLE_LOG_OPTIONS } from './tokens.js';
