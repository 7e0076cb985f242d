import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { pathOf } from './platform.js';
import type { PlatformRequest } from './platform.js';
import { RefusedRequest } from './refusals.js';

/** A part of a route that says exactly what a path has there. */
const LITERAL = /^[\w.~-]*$/;
/** What makes a route fit paths of another number of parts; only a prefix of the application's can have it. */
const STRETCHES = /[*{}()]/;

/**
 * Answers 404 to other spellings of the ledger's paths. Express takes `/V1/Events/` for `/v1/events` unless told otherwise,
 * Fastify `/%63heckpoint` for `/checkpoint`: on both the ledger has one path for each thing, as tlog-tiles wants it, and
 * how the application's own routes are found stays the application's business.
 */
export class ExactPathGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<PlatformRequest>();
    const route: unknown = request.routeOptions?.url ?? request.route?.path;
    if (typeof route === 'string' && !isSpelledAs(route, pathOf(request.url))) throw new RefusedRequest('not_found');
    return true;
  }
}

function isSpelledAs(route: string, path: string): boolean {
  if (STRETCHES.test(route)) return true;
  const [wanted, given] = [route.split('/'), path.split('/')];
  return wanted.length === given.length && wanted.every((part, at) => !LITERAL.test(part) || part === given[at]);
}
