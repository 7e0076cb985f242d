import type { SinkStatus } from './event/event-sink.js';
import type { VerificationStatus } from './event/verification-status.js';
import type { ImmutableLogStatus } from './immutable-log.status.js';

/** Something about the audit trail that somebody should know of. `message` is for people. */
export type AuditAlert = { readonly at: Date; readonly message: string } & (
  | { readonly kind: 'state'; readonly from: SinkStatus['state']; readonly to: SinkStatus['state'] }
  | { readonly kind: 'paused'; readonly reason: 'credentials' | 'quota'; readonly until: string }
  | { readonly kind: 'resumed' }
  | { readonly kind: 'lost'; readonly reason: string; readonly count: number }
  | { readonly kind: 'verification'; readonly state: Exclude<VerificationStatus['state'], 'pending' | 'verified'> }
  | { readonly kind: 'rejected' | 'hash-mismatch' | 'contained'; readonly count: number }
);

type Change = AuditAlert extends infer Each ? (Each extends AuditAlert ? Omit<Each, 'at'> : never) : never;

const VERIFICATION = {
  tampered: 'The ledger was tampered with',
  suspicious: 'The ledger is incomplete or suspicious',
  failed: 'The ledger could not be verified',
} as const;

/** What has happened between two looks at the status. */
export function alertsBetween(before: ImmutableLogStatus, now: ImmutableLogStatus, at: Date): AuditAlert[] {
  const changes = [...stateChanges(before, now), ...pauseChanges(before, now), ...losses(before, now)];
  changes.push(...verified(before, now));
  return [...changes, ...counted(before, now)].map((change) => ({ at, ...change }));
}

function stateChanges(before: ImmutableLogStatus, now: ImmutableLogStatus): Change[] {
  const [from, to] = [before.state, now.state];
  if (from === to) return [];
  const why = now.lastError !== undefined && to !== 'ok' ? `: ${now.lastError}` : '';
  return [{ kind: 'state', from, to, message: `The audit trail is ${to} now${why}` }];
}

function pauseChanges({ paused: before }: ImmutableLogStatus, { paused: now }: ImmutableLogStatus): Change[] {
  if (now === undefined) return before === undefined ? [] : [{ kind: 'resumed', message: 'Events are sent again' }];
  if (before?.reason === now.reason) return [];
  const { reason, until } = now;
  const cause = reason === 'quota' ? 'The quota is used up' : 'The API refuses the credential';
  return [{ kind: 'paused', reason, until, message: `${cause}: nothing is sent before ${until}` }];
}

function losses(before: ImmutableLogStatus, now: ImmutableLogStatus): Change[] {
  return Object.entries(now.dropped).flatMap(([reason, total]): Change[] => {
    const count = total - (before.dropped[reason] ?? 0);
    return count > 0 ? [{ kind: 'lost', reason, count, message: `${count} events were lost: ${reason}` }] : [];
  });
}

function verified({ verification: before }: ImmutableLogStatus, { verification: now }: ImmutableLogStatus): Change[] {
  const { state = 'pending', findings = [], problem } = now ?? {};
  if (state === 'pending' || state === 'verified' || state === before?.state) return [];
  const why = problem ?? findings.map(({ code }) => code).join(', ');
  return [{ kind: 'verification', state, message: `${VERIFICATION[state]}: ${why}` }];
}

function counted(before: ImmutableLogStatus, now: ImmutableLogStatus): Change[] {
  const total = (status: ImmutableLogStatus, figure: 'rejected' | 'hashMismatches'): number =>
    status[figure] + (status.forwarding?.[figure] ?? 0);
  const rejected = total(now, 'rejected') - total(before, 'rejected');
  const mismatches = total(now, 'hashMismatches') - total(before, 'hashMismatches');
  const contained = now.contained - before.contained;
  return [
    ...counting('rejected', rejected, 'events were refused for good'),
    ...counting('hash-mismatch', mismatches, 'receipts are for other bytes than those sent'),
    ...counting('contained', contained, 'failures of audit code were kept from the application'),
  ];
}

function counting(kind: 'rejected' | 'hash-mismatch' | 'contained', count: number, what: string): Change[] {
  return count > 0 ? [{ kind, count, message: `${count} ${what}` }] : [];
}
