import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { auditEventOf, isSkipped } from '../audit-metadata.js';
import { demandOf, IN_BACKGROUND } from '../guarantee.js';
import { GUARDS_METADATA } from '../nest-metadata.js';
import { contextOf } from './http-context.js';
import { routeHandlers } from './handler-stamps.js';

/** Lets everybody through, and tells that the route is chosen. */
const announceRoute: CanActivate = {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() === 'http') contextOf(context.switchToHttp().getRequest())?.onRouteChosen?.();
    return true;
  },
};

/**
 * Puts a guard before handlers that ask for a guarantee, before routes are registered: an interceptor of the application
 * that answers in their place (a cache) runs outside of ours, and its answer is to be held like theirs.
 *
 * @returns whether there are such handlers.
 */
export function announceHeldRoutes(modules: ModulesContainer): boolean {
  let found = false;
  for (const { controller, handler } of routeHandlers(modules)) {
    if (isSkipped(controller, handler) || !demandOf(auditEventOf(controller, handler), IN_BACKGROUND)) continue;
    found = true;
    announce(handler);
  }
  return found;
}

function announce(handler: object): void {
  const guards = (Reflect.getMetadata(GUARDS_METADATA, handler) ?? []) as readonly (CanActivate | Type<CanActivate>)[];
  if (!guards.includes(announceRoute)) Reflect.defineMetadata(GUARDS_METADATA, [announceRoute, ...guards], handler);
}
