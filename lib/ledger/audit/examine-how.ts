import { availableParallelism } from 'node:os';
import { TILE_WIDTH } from '../merkle/tile-path.js';
import type { Examined, ExamineOptions } from './examine/examined.js';
import { Examiner } from './examine/examiner.js';
import type { LedgerSource } from './ledger-source.js';
import { ExaminePool } from './workers/examine-pool.js';

/** With fewer entries, threads take longer to start than they save. */
const MANY_ENTRIES = 200_000;
/** More than these read faster than one thread can take it. */
const MAX_WORKERS = 4;

/** Who examines bundles. */
export interface Examining {
  examine(n: number): Promise<Examined | undefined>;
  close(): Promise<void>;
}

export interface ExamineHow extends ExamineOptions {
  /** How many threads; as many as seem right unless given. */
  readonly workers: number | undefined;
  /** Of the log. */
  readonly size: number;
}

/** Here, or in threads of its own if that is worth it and the source can be opened there. */
export function startExamining(source: LedgerSource, { workers, size, ...options }: ExamineHow): Examining {
  const own = new Examiner(source, options);
  const usual = size < MANY_ENTRIES ? 1 : Math.min(availableParallelism(), MAX_WORKERS);
  const threads = workers ?? usual;
  const { recipe } = source;
  if (threads < 2 || recipe === undefined) {
    return { examine: (n) => own.examine(n), close: () => Promise.resolve() };
  }
  return new ExaminePool({ workers: threads, bundles: Math.floor(size / TILE_WIDTH), own, recipe, options });
}
