import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { Account } from './accounts.js';
import type { ShopRequest } from './shop-request.js';

/** Who the request is for: the customer an administrator acts for, else whoever is logged in. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): Account => {
  const request = context.switchToHttp().getRequest<ShopRequest>();
  const account = request.actingFor ?? request.user;
  if (!account) throw new Error('CurrentUser needs the BearerGuard');
  return account;
});
