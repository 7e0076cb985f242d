import type { Type } from '@nestjs/common';
import { PATH_METADATA } from '../nest-metadata.js';
import type { HandlerIdentity } from './handler-run.js';
import { STAMP, stampsOf } from './handler-stamps.js';
import type { PlatformRequest } from './platform-request.js';

/** What the platform's router chose for a request. */
export interface ChosenRoute {
  /** The controller's method, also when no interceptor ran. */
  readonly handler?: HandlerIdentity | undefined;
  /** E.g. `/users/:id`. */
  readonly template?: string | undefined;
}

type ExpressRoute = NonNullable<PlatformRequest['route']>;
type FastifyRoute = NonNullable<PlatformRequest['routeOptions']>;

const NONE: ChosenRoute = {};
// Routes are made once and asked of with every request.
const known = new WeakMap<object, ChosenRoute>();

export function chosenRoute(request: PlatformRequest): ChosenRoute {
  // Fastify makes this object with every look at it; the configuration inside is the route's own.
  const options = request.routeOptions;
  if (options !== undefined) return request.is404 === true ? NONE : remembered(options.config ?? options, options);
  const { route } = request;
  return route === undefined ? NONE : remembered(route, undefined);
}

function remembered(key: object, options: FastifyRoute | undefined): ChosenRoute {
  const before = known.get(key);
  if (before !== undefined) return before;
  const route = options === undefined ? expressRoute(key) : fastifyRoute(options);
  known.set(key, route);
  return route;
}

function fastifyRoute({ url, config }: FastifyRoute): ChosenRoute {
  const template = url === undefined || url === '*' ? undefined : url;
  const stamps = config?.[STAMP] as readonly HandlerIdentity[] | undefined;
  return { handler: stamps && choose(stamps, template, undefined), template };
}

/**
 * Express keeps a route on requests that only passed NestJS's not-found handler too, so there a catch-all counts when its
 * handler is a controller's.
 */
function expressRoute({ path, stack }: ExpressRoute): ChosenRoute {
  const handles = stack?.map((layer) => layer.handle) ?? [];
  const handle = handles.find((candidate) => stampsOf(candidate).length > 0);
  const own = typeof path === 'string' && (handle !== undefined || !path.includes('*')) ? path : undefined;
  const handler = choose(stampsOf(handle), own, (handle as { name?: string } | undefined)?.name);
  return { handler, template: own };
}

/** NestJS 12 names the registered callback `Class.method`; else the controller whose path leads the route is meant. */
function choose(
  candidates: readonly HandlerIdentity[],
  route: string | undefined,
  callback: string | undefined,
): HandlerIdentity | undefined {
  if (candidates.length <= 1) return candidates[0];
  return (
    candidates.find(({ controller, method }) => callback === `${controller.name}.${method}`) ??
    candidates.find(({ controller }) => controllerPaths(controller).some((path) => route?.includes(`/${path}`))) ??
    candidates[0]
  );
}

function controllerPaths(controller: Type): string[] {
  const path: unknown = Reflect.getMetadata(PATH_METADATA, controller);
  const paths = (Array.isArray(path) ? path : [path]) as unknown[];
  return paths.filter((one): one is string => typeof one === 'string').map((one) => one.replace(/^\/|\/$/g, ''));
}
