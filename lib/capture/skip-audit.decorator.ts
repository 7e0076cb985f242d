import { defineSkipAudit } from './audit-metadata.js';

/** Requests to this handler, or to any handler of this controller, are not recorded. */
export function SkipAudit(): ClassDecorator & MethodDecorator {
  return ((target: object, _key?: string | symbol, descriptor?: TypedPropertyDescriptor<unknown>) => {
    defineSkipAudit(typeof descriptor?.value === 'function' ? descriptor.value : target);
  }) as ClassDecorator & MethodDecorator;
}
