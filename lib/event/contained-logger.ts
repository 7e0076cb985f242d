import type { AuditLogger } from './audit-logger.js';

/** A logger that throws is nobody's business: what is at work when it is told something goes on. */
export function containedLogger(logger: AuditLogger): AuditLogger {
  const contained =
    (level: keyof AuditLogger) =>
    (message: string): void => {
      try {
        logger[level](message);
      } catch {
        // Nowhere left to say it.
      }
    };
  return { log: contained('log'), warn: contained('warn'), error: contained('error') };
}
