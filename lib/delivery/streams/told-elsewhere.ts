import type { GapWriter } from './gap-writer.js';

/** Where losses are noted, and told. */
export type LossAccount = Pick<GapWriter, 'add' | 'addEvent' | 'status' | 'write' | 'untoldEvents' | 'end'>;

/**
 * For a sink that can die without its process: whoever gave it an event hears that it is lost, and tells of it. What only
 * such a sink knew would be forgotten with it.
 */
export const TOLD_ELSEWHERE: LossAccount = {
  add: () => undefined,
  addEvent: () => undefined,
  status: () => ({ pending: 0, written: 0 }),
  write: () => Promise.resolve(true),
  untoldEvents: () => [],
  end: () => undefined,
};
