import { randomUUID } from 'node:crypto';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const KEY = 'immutable-log/boot';

/**
 * Random, one for each start of a process and the same in all its threads: tells a process from a later one with the same
 * id, which in a container is the rule. The main thread has to ask first.
 */
export function bootId(): string {
  const known = getEnvironmentData(KEY);
  if (typeof known === 'string') return known;
  const made = randomUUID();
  setEnvironmentData(KEY, made);
  return made;
}
