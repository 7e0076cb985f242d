import type { Policy } from '../checkpoint/policy.js';
import type { CheckContext } from './check.js';
import type { LedgerSource } from './ledger-source.js';

/** What decides which checks there are. */
interface Asked {
  readonly policy?: Policy | undefined;
  readonly remembered?: readonly object[] | undefined;
  readonly receipts?: object | undefined;
  readonly content?: boolean | undefined;
  readonly opaqueEntries?: boolean | undefined;
}

/** Names the checks that cannot be made with what is given. */
export function sayWhatIsSkipped(source: LedgerSource, options: Asked, { skip, tree }: CheckContext): void {
  if (options.policy === undefined) {
    skip('whose ledger this is: no policy was given, and the key came from the ledger itself');
  }
  if (!options.remembered?.length)
    skip('whether it is an older copy, or one of two histories: no remembered checkpoint');
  if (options.receipts === undefined) skip('whether acknowledged events are in it: no receipts were given');
  if (source.contents === undefined) skip('the content of events: it is not in this source');
  else if (!options.content) skip('the content of events, and what is derived from it for searches: not asked for');
  if (options.opaqueEntries) skip('what the entries say');
  if (options.policy?.quorum === undefined || options.policy.quorum === 'none') {
    skip('whether others were shown the same log, and when: no witness is asked for');
  }
  if (tree.size > tree.signed.size)
    skip(`entries from ${tree.signed.size} on against a signature: none covers them yet`);
}
