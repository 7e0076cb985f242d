import { Observable, share } from 'rxjs';
import { alertsBetween, type AuditAlert } from './audit-alert.js';
import type { ImmutableLogStatus } from './immutable-log.status.js';

const LOOK_MS = 500;

/** Looks at the status twice a second while somebody listens, and tells what has happened. Never errors. */
export function watchStatus(look: () => ImmutableLogStatus): Observable<AuditAlert> {
  return new Observable<AuditAlert>((subscriber) => {
    let before = look();
    const timer = setInterval(() => {
      const now = look();
      const alerts = alertsBetween(before, now, new Date());
      before = now;
      for (const alert of alerts) subscriber.next(alert);
      if (now.state === 'closed') subscriber.complete();
    }, LOOK_MS);
    timer.unref();
    return () => clearInterval(timer);
  }).pipe(share());
}
