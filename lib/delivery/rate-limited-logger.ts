import type { AuditLogger } from '../event/audit-logger.js';
import { containedLogger } from '../event/contained-logger.js';

const WINDOW_MS = 60_000;

interface Window {
  readonly level: 'warn' | 'error';
  readonly endsAt: number;
  suppressed: number;
}

/**
 * Says each kind of thing at most once a minute, and then how often it was left unsaid: an outage must not fill the
 * application's log. A logger that throws is none of our caller's business.
 */
export class RateLimitedLogger {
  private readonly windows = new Map<string, Window>();

  private readonly logger: AuditLogger;

  constructor(logger: AuditLogger) {
    this.logger = containedLogger(logger);
  }

  log(message: string): void {
    this.logger.log(message);
  }

  warn(kind: string, message: string): void {
    this.limited('warn', kind, message);
  }

  error(kind: string, message: string): void {
    this.limited('error', kind, message);
  }

  /** Says what is still unsaid. */
  close(): void {
    for (const [kind, { level, suppressed }] of this.windows) {
      if (suppressed > 0) this.logger[level](`${suppressed} more messages of the kind '${kind}' were not shown`);
    }
    this.windows.clear();
  }

  private limited(level: 'warn' | 'error', kind: string, message: string): void {
    const window = this.windows.get(kind);
    // Not the time of day, which can be set back.
    const now = performance.now();
    if (window !== undefined && now < window.endsAt) {
      window.suppressed++;
      return;
    }
    this.windows.set(kind, { level, endsAt: now + WINDOW_MS, suppressed: 0 });
    const unsaid = window?.suppressed ?? 0;
    this.logger[level](unsaid > 0 ? `${message} (and ${unsaid} more of this kind since the last message)` : message);
  }
}
