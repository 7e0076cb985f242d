import { ForbiddenException, Injectable, UnauthorizedException } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Accounts } from './accounts.js';
import type { ShopRequest } from './shop-request.js';
import { Tokens } from './tokens.js';

/** Lets in whoever presents a valid token; administrators may act for a customer with `X-Act-As`. */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly tokens: Tokens,
    private readonly accounts: Accounts,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<ShopRequest>();
    const [scheme, token = ''] = (headerOf(request, 'authorization') ?? '').split(' ');
    const accountId = scheme === 'Bearer' ? this.tokens.accountIdOf(token) : undefined;
    request.user = accountId === undefined ? undefined : this.accounts.byId(accountId);
    if (!request.user) throw new UnauthorizedException('Log in first');
    const customerId = headerOf(request, 'x-act-as');
    if (customerId !== undefined) this.impersonate(request, customerId);
    return true;
  }

  private impersonate(request: ShopRequest, customerId: string): void {
    const customer = this.accounts.byId(customerId);
    if (request.user?.role !== 'admin' || customer === undefined) throw new ForbiddenException('You act for yourself');
    request.actingFor = customer;
  }
}

function headerOf(request: ShopRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
