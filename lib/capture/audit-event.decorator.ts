import { defineAuditEvent, type AuditEventMetadata } from './audit-metadata.js';
import { recordCall, type RecordedFunction } from './call-recorder.js';
import { PATH_METADATA } from './nest-metadata.js';
import { findRecorder } from './recorder-registry.js';

type AnyMethod = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Names the audit event of a controller handler, or of all handlers of a controller:
 *
 * ```ts
 * @Post()
 * @AuditEvent('payment.checkout')
 * checkout() {}
 * ```
 *
 * On any other method it records one event per call, with its outcome and latency, under the given name or
 * `fn.<Class>.<method>`. What the method returns or throws stays as it is; promises and Observables are recorded when
 * they end. Calls before an application with the module has started are not recorded.
 */
export function AuditEvent(nameOrMetadata: string | AuditEventMetadata = {}): ClassDecorator & MethodDecorator {
  const metadata = typeof nameOrMetadata === 'string' ? { name: nameOrMetadata } : nameOrMetadata;
  return ((target: object, key?: string | symbol, descriptor?: TypedPropertyDescriptor<unknown>) => {
    if (key === undefined || descriptor === undefined) {
      defineAuditEvent(target, metadata);
      return;
    }
    if (typeof descriptor.value !== 'function') {
      throw new TypeError(`@AuditEvent() on ${String(key)}: decorate a method or a controller class`);
    }
    const owner = typeof target === 'function' ? target : target.constructor;
    const called = { module: owner.name, name: String(key), metadata };
    descriptor.value = wrapMethod(descriptor.value as AnyMethod, called);
    defineAuditEvent(descriptor.value as object, metadata);
  }) as ClassDecorator & MethodDecorator;
}

/** The wrapper takes over the original's name, length and metadata: decorators below it have left theirs there. */
function wrapMethod(original: AnyMethod, called: RecordedFunction): AnyMethod {
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    const call = () => Reflect.apply(original, this, args);
    // A route's request has its event already; the decorator has named it.
    if (Reflect.hasMetadata(PATH_METADATA, wrapper)) return call();
    const recorder = findRecorder(this);
    return recorder === undefined ? call() : recordCall(recorder, called, call);
  };
  for (const key of Reflect.getMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, original), wrapper);
  }
  Object.defineProperty(wrapper, 'name', { value: original.name, configurable: true });
  Object.defineProperty(wrapper, 'length', { value: original.length, configurable: true });
  return wrapper;
}
