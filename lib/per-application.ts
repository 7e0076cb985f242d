/**
 * Values that an application has once, however often it imports the module: a request must not be recorded twice because
 * a feature module imports it too. The key is one of NestJS's own per-application objects.
 */
const applications = new WeakMap<object, Map<symbol, unknown>>();

export function oncePerApplication<T>(application: object, name: symbol, make: () => T): T {
  const values = applications.get(application) ?? new Map<symbol, unknown>();
  applications.set(application, values);
  if (!values.has(name)) values.set(name, make());
  return values.get(name) as T;
}
