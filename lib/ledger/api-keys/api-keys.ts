import { randomBytes } from 'node:crypto';
import { isoTime } from '../../event/iso-time.js';
import { encodeHex } from '../encoding/hex.js';
import { LedgerUnavailableError } from '../ledger-errors.js';
import { connect } from '../store/sqlite-connection.js';
import { loadSqlite } from '../store/sqlite-database.js';
import type { OpenSqlite, SqliteDatabase } from '../store/sqlite-database.js';
import { workError } from '../store/sqlite-errors.js';
import { ApiKeyError } from './api-key.error.js';
import { hashSecret, isSecret, newSecret, sameHash } from './api-key-secret.js';
import { prepareApiKeys } from './api-key-table.js';
import type { ApiKeyRow, ApiKeyStatements } from './api-key-table.js';
import { API_KEY_SCOPES } from './api-key.js';
import type { ApiKey, ApiKeyScope, CreatedApiKey } from './api-key.js';

export interface OpenApiKeysOptions {
  /** Opens the connection instead of better-sqlite3. */
  readonly openSqlite?: OpenSqlite | undefined;
  readonly now?: (() => number) | undefined;
  readonly randomBytes?: ((bytes: number) => Uint8Array) | undefined;
}

/** How long a key that another process has revoked may still be let in. */
const CACHE_MS = 500;
const ID_BYTES = 8;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._:@/-]{0,127}$/u;

interface KnownKey {
  readonly key: ApiKey;
  readonly hash: Uint8Array;
}

/**
 * The API keys of a ledger, in the ledger's own file. Of the secrets only hashes are kept. Any number of processes may
 * have them open; what one changes the others heed within half a second.
 */
export class ApiKeys {
  private readonly statements: ApiKeyStatements;
  private active: { readonly keys: readonly KnownKey[]; readonly readAt: number } | undefined;

  private constructor(
    private readonly database: SqliteDatabase,
    private readonly options: OpenApiKeysOptions,
  ) {
    this.statements = prepareApiKeys(database);
  }

  /** Opens the ledger's file, and makes it if there is none. Rejects as `openLedger` does. */
  static async open(path: string, options: OpenApiKeysOptions = {}): Promise<ApiKeys> {
    const open = options.openSqlite ?? (await loadSqlite());
    const database = connect({ path, readOnly: false, open });
    try {
      return new ApiKeys(database, options);
    } catch (error) {
      database.close();
      throw workError(error);
    }
  }

  /**
   * Makes a key. The secret is in the answer and nowhere else. Rejects with `ApiKeyError`.
   *
   * @param given.name what the operator calls it; unique among the keys that hold
   */
  async create(given: { readonly name: string; readonly scopes: readonly ApiKeyScope[] }): Promise<CreatedApiKey> {
    const { name, scopes } = checked(given);
    const random = this.options.randomBytes ?? randomBytes;
    const id = `ak_${encodeHex(random(ID_BYTES))}`;
    const secret = newSecret(random);
    const createdMs = this.now();
    const { changes } = await this.work(({ add }) =>
      add.run(id, name, scopes.join(' '), hashSecret(secret), createdMs),
    );
    if (changes !== 1)
      throw new ApiKeyError(`the name ${JSON.stringify(name)} is another key's; revoke that one first`);
    this.active = undefined;
    return { id, name, scopes, createdAt: isoTime(createdMs), secret };
  }

  /** Every key there ever was, the oldest first. */
  async list(): Promise<ApiKey[]> {
    return (await this.work(({ all }) => all.all())).map(toKey);
  }

  /** Ends a key; the key as it was, or `undefined` if none that holds has this id or name. */
  async revoke(idOrName: string): Promise<ApiKey | undefined> {
    const revokedMs = this.now();
    const row = await this.work(({ find, revoke }) => {
      const found = find.get(idOrName, idOrName);
      return found !== undefined && revoke.run(revokedMs, found.id).changes === 1 ? found : undefined;
    });
    this.active = undefined;
    return row && toKey({ ...row, revoked_ms: revokedMs });
  }

  /** The key with this secret, while it holds. */
  async authenticate(secret: string): Promise<ApiKey | undefined> {
    if (!isSecret(secret)) return undefined;
    const hash = hashSecret(secret);
    // Every key is looked at, so that the time tells nothing about which one fits.
    const [found] = (await this.known()).filter((known) => sameHash(known.hash, hash));
    return found?.key;
  }

  /** Idempotent. */
  // eslint-disable-next-line @typescript-eslint/require-await -- as asynchronous as the store's
  async close(): Promise<void> {
    this.database.close();
  }

  private async known(): Promise<readonly KnownKey[]> {
    const now = performance.now();
    if (this.active !== undefined && now - this.active.readAt < CACHE_MS) return this.active.keys;
    const rows = await this.work(({ active }) => active.all());
    this.active = { keys: rows.map((row) => ({ key: toKey(row), hash: row.secret_hash })), readAt: now };
    return this.active.keys;
  }

  private now(): number {
    return (this.options.now ?? Date.now)();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what throws has to reject
  private async work<T>(step: (statements: ApiKeyStatements) => T): Promise<T> {
    if (!this.database.open) throw new LedgerUnavailableError('its API keys are closed');
    try {
      return step(this.statements);
    } catch (error) {
      throw workError(error);
    }
  }
}

function checked({ name, scopes }: { name: string; scopes: readonly string[] }): {
  name: string;
  scopes: ApiKeyScope[];
} {
  if (typeof name !== 'string' || !NAME.test(name) || name.startsWith('ak_')) {
    throw new ApiKeyError(
      `${JSON.stringify(name)} is no name: up to 128 letters, digits, spaces and ._:@/- that do not begin with ak_`,
    );
  }
  const unknown = scopes.filter((scope) => !API_KEY_SCOPES.some((known) => known === scope));
  if (scopes.length === 0 || unknown.length > 0) {
    const problem = unknown.length > 0 ? `${unknown.join(', ')} is no scope` : 'it has no scope';
    throw new ApiKeyError(`${problem}; scopes are ${API_KEY_SCOPES.join(' and ')}`);
  }
  return { name, scopes: API_KEY_SCOPES.filter((scope) => scopes.includes(scope)) };
}

function toKey({ id, name, scopes, created_ms, revoked_ms }: ApiKeyRow): ApiKey {
  return {
    id,
    name,
    scopes: API_KEY_SCOPES.filter((scope) => scopes.split(' ').includes(scope)),
    createdAt: isoTime(created_ms),
    ...(revoked_ms === null ? {} : { revokedAt: isoTime(revoked_ms) }),
  };
}
