import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { ShopRequest } from './shop-request.js';

/** After the BearerGuard: administrators only. */
@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<ShopRequest>().user?.role === 'admin';
  }
}
