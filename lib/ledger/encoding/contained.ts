/**
 * What `compute` answers, or `otherwise` if it throws. Verifying functions promise an answer for any input, and objects
 * from outside can throw at every access: a Proxy, a getter, a detached buffer.
 */
export function contained<T>(compute: () => T, otherwise: T): T {
  try {
    return compute();
  } catch {
    return otherwise;
  }
}
