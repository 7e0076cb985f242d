import type { Type } from '@nestjs/common';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { HandlerIdentity } from './handler-run.js';
import { METHOD_METADATA, PATH_METADATA } from '../nest-metadata.js';
import type { PlatformRequest } from './platform-request.js';

/** Key of a stamp, on a controller method's metadata and in Fastify's route configuration. */
const STAMP = Symbol.for('nestjs-immutable-log.handler');

// What `@RouteConfig()` of @nestjs/platform-fastify sets. Fastify binds handlers, and their metadata is lost on the way;
// the route's configuration is not.
const FASTIFY_ROUTE_CONFIG = '__fastify_route_config__';

/**
 * Marks every route handler with the controllers it belongs to, before routes are registered: NestJS copies the metadata
 * to the registered route, so a request that a guard turned away still knows its handler.
 */
export function stampHandlers(modules: ModulesContainer): void {
  for (const route of routeHandlers(modules)) stamp(route);
}

/** A controller's method that is a route. */
export interface RouteHandler extends HandlerIdentity {
  readonly handler: object;
}

/** All routes of an application. */
export function* routeHandlers(modules: ModulesContainer): Generator<RouteHandler> {
  const scanner = new MetadataScanner();
  for (const module of modules.values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      const prototype = metatype.prototype as Record<string, unknown>;
      for (const method of scanner.getAllMethodNames(prototype)) {
        const handler = prototype[method];
        if (typeof handler === 'function' && Reflect.hasMetadata(PATH_METADATA, handler)) {
          yield { controller: metatype as Type, method, handler };
        }
      }
    }
  }
}

function stamp({ controller, method, handler }: RouteHandler): void {
  const known = stampsOf(handler);
  if (known.some((identity) => identity.controller === controller)) return;
  // An inherited method is one function in several controllers: all of them are candidates.
  const stamps = [...known, { controller, method }];
  Reflect.defineMetadata(STAMP, stamps, handler);
  const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG, handler) as object | undefined;
  Reflect.defineMetadata(FASTIFY_ROUTE_CONFIG, { ...config, [STAMP]: stamps }, handler);
}

function stampsOf(target: unknown): readonly HandlerIdentity[] {
  if (typeof target !== 'function') return [];
  return (Reflect.getMetadata(STAMP, target) as readonly HandlerIdentity[] | undefined) ?? [];
}

/** The handler that the platform's router chose, also when no interceptor ran. */
export function routedHandler(request: PlatformRequest): HandlerIdentity | undefined {
  const handles = request.route?.stack?.map((layer) => layer.handle) ?? [];
  const handle = handles.find((candidate) => stampsOf(candidate).length > 0);
  const configured = request.routeOptions?.config?.[STAMP] as readonly HandlerIdentity[] | undefined;
  return choose(configured ?? stampsOf(handle), routeOf(request), (handle as { name?: string } | undefined)?.name);
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

/**
 * The route's template, e.g. `/users/:id`. Express keeps a route on requests that only passed NestJS's not-found handler
 * too, so there it counts when its handler is a controller's.
 */
export function routeOf(request: PlatformRequest): string | undefined {
  if (request.routeOptions !== undefined) {
    const { url } = request.routeOptions;
    return request.is404 === true || url === undefined || url === '*' ? undefined : url;
  }
  const path = request.route?.path;
  if (typeof path !== 'string') return undefined;
  const stamped = request.route?.stack?.some((layer) => stampsOf(layer.handle).length > 0) === true;
  return stamped || !path.includes('*') ? path : undefined;
}

/** The class and the property under which a handler was found; its function's own name may be another. */
export function identifyHandler(controller: Type, handler: object): HandlerIdentity {
  const known = stampsOf(handler).find((identity) => identity.controller === controller);
  return known ?? { controller, method: (handler as { name?: string }).name ?? '' };
}

/** The handler's function is an HTTP route of a controller. */
export function isRouteHandler(handler: object): boolean {
  return Reflect.hasMetadata(PATH_METADATA, handler) && Reflect.hasMetadata(METHOD_METADATA, handler);
}

/** The function behind an identity, with its decorators' metadata. */
export function handlerFunction({ controller, method }: HandlerIdentity): object | undefined {
  const handler = (controller.prototype as Record<string, unknown>)[method];
  return typeof handler === 'function' ? handler : undefined;
}
