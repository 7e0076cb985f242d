import type { Type } from '@nestjs/common';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { HandlerIdentity } from './handler-run.js';
import { METHOD_METADATA, PATH_METADATA } from '../nest-metadata.js';

/** Key of a stamp, on a controller method's metadata and in Fastify's route configuration. */
export const STAMP = Symbol.for('nestjs-immutable-log.handler');

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

/** The controllers that a function is a handler of. */
export function stampsOf(target: unknown): readonly HandlerIdentity[] {
  if (typeof target !== 'function') return [];
  return (Reflect.getMetadata(STAMP, target) as readonly HandlerIdentity[] | undefined) ?? [];
}

const identities = new WeakMap<object, HandlerIdentity[]>();

/** The class and the property under which a handler was found; its function's own name may be another. */
export function identifyHandler(controller: Type, handler: object): HandlerIdentity {
  const known = identities.get(handler)?.find((identity) => identity.controller === controller);
  if (known !== undefined) return known;
  const identity = stampsOf(handler).find((stamped) => stamped.controller === controller) ?? {
    controller,
    method: (handler as { name?: string }).name ?? '',
  };
  identities.set(handler, [...(identities.get(handler) ?? []), identity]);
  return identity;
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
