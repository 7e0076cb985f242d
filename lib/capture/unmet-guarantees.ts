import type { Type } from '@nestjs/common';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { InvalidOptionsError } from '../options/invalid-options.error.js';
import { auditEventOf } from './audit-metadata.js';

/**
 * Refuses to start where a decorator asks for a guarantee that nothing here can give yet: a route that is believed to be
 * durable and is not would be worse than none.
 *
 * @throws {InvalidOptionsError} naming every such method.
 */
export function refuseUnmetGuarantees(modules: ModulesContainer): void {
  const scanner = new MetadataScanner();
  const problems = new Set<string>();
  for (const module of modules.values()) {
    for (const { metatype } of [...module.providers.values(), ...module.controllers.values()]) {
      if (typeof metatype !== 'function' || typeof metatype.prototype !== 'object') continue;
      for (const problem of unmetIn(metatype as Type, scanner)) problems.add(problem);
    }
  }
  if (problems.size > 0) throw new InvalidOptionsError([...problems]);
}

function unmetIn(type: Type, scanner: MetadataScanner): string[] {
  const prototype = type.prototype as Record<string, unknown>;
  return scanner.getAllMethodNames(prototype).flatMap((method) => {
    const handler = prototype[method];
    const guarantee = typeof handler === 'function' ? auditEventOf(type, handler).guarantee : undefined;
    if (guarantee === undefined || guarantee === 'background') return [];
    return [
      `@AuditEvent({ guarantee: '${guarantee}' }) on ${type.name}.${method}: decorated methods are recorded in the ` +
        "background in this version; remove it, or call record(…, { guarantee: 'confirmed' }) in the method",
    ];
  });
}
