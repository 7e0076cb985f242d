import type { Type } from '@nestjs/common';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { isObservable } from 'rxjs';
import { InvalidOptionsError } from '../../options/invalid-options.error.js';
import { auditEventOf, isSkipped, type AuditEventMetadata } from '../audit-metadata.js';
import { demandOf, IN_BACKGROUND, unknownChoice, type GuaranteeChoice } from '../guarantee.js';
import { PATH_METADATA, RETURN_TYPE_METADATA } from '../nest-metadata.js';
import { answersByItself } from './answers-by-itself.js';
import { routeHandlers, type RouteHandler } from './handler-stamps.js';
import { usesInterceptor } from './manual-registration.js';

export interface GuaranteeRules {
  /** Of routes that say nothing. */
  readonly otherwise: GuaranteeChoice;
  readonly hasLedger: boolean;
  readonly register: 'global' | 'manual';
}

/**
 * Refuses to start where a guarantee cannot be kept: a route that is believed to be durable and is not would be worse than
 * none.
 *
 * @throws {InvalidOptionsError} naming every such method.
 */
export function refuseUnmetGuarantees(modules: ModulesContainer, rules: GuaranteeRules): void {
  const routes = [...routeHandlers(modules)].map((route) => problemOfRoute(route, rules));
  const methods = [...decoratedMethods(modules)].map((method) => problemOfMethod(method, rules));
  const problems = new Set([...routes, ...methods].filter((problem) => problem !== undefined));
  if (problems.size > 0) throw new InvalidOptionsError([...problems]);
}

function problemOfRoute(route: RouteHandler, rules: GuaranteeRules): string | undefined {
  const { controller, method, handler } = route;
  const said = auditEventOf(controller, handler);
  const demand = demandOf(said, rules.otherwise);
  const place = `on ${controller.name}.${method}`;
  const unknown = unknownChoice(said);
  if (unknown !== undefined) return `@AuditEvent() ${place}: ${unknown}`;
  if (isSkipped(controller, handler) || (rules.register === 'manual' && !usesInterceptor(route))) return undefined;
  if (demand === undefined) return said.onFailure === 'reject' ? rejectsNothing(place) : undefined;
  if (demand.awaited === 'durable' && !rules.hasLedger) return noLedger(place);
  const itself = demand.onFailure === 'reject' ? answersByItself(controller, method) : undefined;
  return (
    itself &&
    `${itself} ${place} answers by itself, so its answer cannot be held back for onFailure 'reject': ${REMEDY}`
  );
}

const REMEDY =
  "return the answer (@Res({ passthrough: true })), or give the route @AuditEvent({ onFailure: 'allow' }) " +
  "or guarantee: 'background'";

interface DecoratedMethod {
  readonly place: string;
  readonly said: AuditEventMetadata;
  readonly returns: unknown;
}

/** Methods that are recorded as calls; routes are named by their decorator only. */
function* decoratedMethods(modules: ModulesContainer): Generator<DecoratedMethod> {
  const scanner = new MetadataScanner();
  for (const module of modules.values()) {
    for (const { metatype } of [...module.providers.values(), ...module.controllers.values()]) {
      if (typeof metatype !== 'function' || typeof metatype.prototype !== 'object') continue;
      const prototype = metatype.prototype as Record<string, unknown> & object;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const method = prototype[name];
        if (typeof method !== 'function' || Reflect.hasMetadata(PATH_METADATA, method)) continue;
        const returns: unknown = Reflect.getMetadata(RETURN_TYPE_METADATA, prototype, name);
        yield { place: `on ${(metatype as Type).name}.${name}`, said: auditEventOf(method, undefined), returns };
      }
    }
  }
}

function problemOfMethod({ place, said, returns }: DecoratedMethod, rules: GuaranteeRules): string | undefined {
  const unknown = unknownChoice(said);
  if (unknown !== undefined) return `@AuditEvent() ${place}: ${unknown}`;
  const demand = demandOf(said, IN_BACKGROUND);
  if (demand === undefined) return said.onFailure === 'reject' ? rejectsNothing(place) : undefined;
  if (demand.awaited === 'durable' && !rules.hasLedger) return noLedger(place);
  if (!returnsAtOnce(returns)) return undefined;
  return (
    `@AuditEvent({ guarantee: '${demand.awaited}' }) ${place}: the method returns at once, so its caller cannot wait ` +
    'for the event: let it return a promise, or remove the guarantee'
  );
}

/** What the decorators' metadata says for certain; `Object` and nothing may stand for anything. */
function returnsAtOnce(type: unknown): boolean {
  if (typeof type !== 'function' || type === Object) return false;
  const prototype = type.prototype as object | undefined;
  return prototype !== undefined && !('then' in prototype) && !isObservable(prototype);
}

function noLedger(place: string): string {
  return (
    `@AuditEvent({ guarantee: 'durable' }) ${place}: mode 'remote' has no ledger: ` +
    "ask for 'confirmed', or leave out mode"
  );
}

function rejectsNothing(place: string): string {
  return (
    `@AuditEvent({ onFailure: 'reject' }) ${place}: with guarantee 'background' nothing is ever rejected: ` +
    "give it guarantee 'durable' or 'confirmed'"
  );
}
