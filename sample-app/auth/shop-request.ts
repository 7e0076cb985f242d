import type { Account } from './accounts.js';

/** What the shop uses of a request; Express and Fastify both have it. */
export interface ShopRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Set by the guard. */
  user?: Account;
  /** The customer an administrator acts for. */
  actingFor?: Account;
}
