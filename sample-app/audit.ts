import type { ImmutableLogOptions } from 'nestjs-immutable-log';
import type { Account } from './auth/accounts.js';
import type { ShopRequest } from './auth/shop-request.js';

/** Everything the shop tells the audit trail. The key and the address come from IMTBL_API_KEY and IMTBL_URL. */
export const auditOptions: ImmutableLogOptions = {
  serviceName: 'shop',
  capture: {
    identify: ({ user, actingFor }: ShopRequest) =>
      user && { ...actorOf(user), onBehalfOf: actingFor && actorOf(actingFor) },
    // A refused or failed request keeps its body, redacted: that is where one looks when something went wrong.
    body: 'errors',
  },
};

function actorOf({ id, name, email, role }: Account): { id: string; label: string; email: string; type: string } {
  return { id, label: name, email, type: role };
}
