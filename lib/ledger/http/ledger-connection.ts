import { ApiKeys } from '../api-keys/api-keys.js';
import type { Ledger } from '../ledger.js';
import { openLedger } from '../open-ledger.js';
import type { LedgerModuleOptions } from './ledger-module.options.js';

/** The ledger and its keys, open together and closed together. */
export class LedgerConnection {
  private constructor(
    readonly ledger: Ledger,
    readonly apiKeys: ApiKeys,
  ) {}

  /** Rejects as `openLedger` does: a ledger that cannot be served is not half served. */
  static async open(options: Readonly<LedgerModuleOptions>): Promise<LedgerConnection> {
    const ledger = await openLedger(options);
    try {
      const connection = new LedgerConnection(ledger, await ApiKeys.open(options.path));
      await connection.announce(options);
      return connection;
    } catch (error) {
      await ledger.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.apiKeys.close();
    await this.ledger.close();
  }

  private async announce({ path, authentication, logger }: Readonly<LedgerModuleOptions>): Promise<void> {
    const { origin, vkey } = this.ledger;
    logger.log(`Serving the ledger ${path}: ${origin}, ${this.ledger.size()} entries, verifier key ${vkey}`);
    const held = (await this.apiKeys.list()).filter(({ revokedAt }) => revokedAt === undefined);
    if (authentication === 'none') logger.warn('Everybody who reaches it may read the ledger and write to it');
    else if (held.length === 0) logger.warn('The ledger has no API key yet, so nobody can write to it or read it');
  }
}
