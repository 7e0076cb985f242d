import type { LedgerEntry } from '../ledger/ledger.types.js';
import { entryFacts } from './entry-facts.js';
import { escapeControls } from './escape-controls.js';

/** An entry on one line, for people. */
export function entryLine(entry: LedgerEntry): string {
  const { index, tx_id, received_at, entry: type, event_name, actor, status, message } = entryFacts(entry);
  const what = type === 'event' ? (event_name ?? 'event') : `(${type ?? 'malformed'})`;
  const parts = [received_at, `#${index}`, tx_id.slice(0, 15), what, status, actor, message];
  return parts.flatMap((part) => (part === undefined ? [] : [escapeControls(String(part))])).join('  ');
}
