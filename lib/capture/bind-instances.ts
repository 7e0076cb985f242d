import type { ModulesContainer } from '@nestjs/core';
import type { AuditRecorder } from './audit-recorder.js';
import { bindInstance } from './recorder-registry.js';

/** Ties the providers and controllers of an application to its recorder, for processes that hold several applications. */
export function bindDecoratedInstances(modules: ModulesContainer, recorder: AuditRecorder): void {
  for (const module of modules.values()) {
    for (const { instance } of [...module.providers.values(), ...module.controllers.values()]) {
      if (typeof instance === 'object' && instance !== null) bindInstance(instance, recorder);
    }
  }
}
