/** What this package needs of a logger; NestJS's `Logger` fits. */
export interface AuditLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
