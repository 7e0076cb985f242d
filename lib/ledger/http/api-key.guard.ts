import { Inject, SetMetadata } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { ApiKey, ApiKeyScope } from '../api-keys/api-key.js';
import { LedgerConnection } from './ledger-connection.js';
import { LedgerModuleOptions } from './ledger-module.options.js';
import { bearerToken } from './own-bodies.js';
import { headerOf } from './platform.js';
import type { PlatformRequest } from './platform.js';
import { RefusedRequest } from './refusals.js';

/** What a route asks of a key; `log` is `read`, unless everybody may read the log. */
export type RouteScope = ApiKeyScope | 'log';

const SCOPE = 'nestjs-immutable-log.scope';

/** Without it a route of the ledger needs no key. */
export const NeedsScope = (scope: RouteScope): MethodDecorator & ClassDecorator => SetMetadata(SCOPE, scope);

const ANONYMOUS = 'anonymous';
const sources = new WeakMap<object, string>();

/** The id of the key that a request came with, which stands in the leaf. */
export function sourceOf(request: PlatformRequest): string {
  return sources.get(request) ?? ANONYMOUS;
}

/** Lets in whose key has the route's scope. */
export class ApiKeyGuard implements CanActivate {
  constructor(
    @Inject(LedgerConnection) private readonly connection: LedgerConnection,
    @Inject(LedgerModuleOptions) private readonly options: Readonly<LedgerModuleOptions>,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const wanted = scopeOf(context);
    const { authentication, publicLog } = this.options;
    if (wanted === undefined || authentication === 'none' || (wanted === 'log' && publicLog)) return true;
    const request = context.switchToHttp().getRequest<PlatformRequest>();
    const key = await this.keyOf(request);
    if (key === undefined) throw new RefusedRequest('invalid_api_key');
    if (!key.scopes.includes(wanted === 'log' ? 'read' : wanted)) {
      throw new RefusedRequest('invalid_api_key', { status: 403 });
    }
    sources.set(request, key.id);
    return true;
  }

  private async keyOf(request: PlatformRequest): Promise<ApiKey | undefined> {
    const secret = bearerToken(headerOf(request, 'authorization'));
    return secret === undefined ? undefined : this.connection.apiKeys.authenticate(secret);
  }
}

function scopeOf(context: ExecutionContext): RouteScope | undefined {
  const read = (target: object): RouteScope | undefined => Reflect.getMetadata(SCOPE, target) as RouteScope | undefined;
  return read(context.getHandler()) ?? read(context.getClass());
}
