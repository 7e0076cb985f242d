import { availableParallelism } from 'node:os';
import { InvalidOptionsError } from '../../options/invalid-options.error.js';
import { TILE_WIDTH } from '../merkle/tile-path.js';
import type { Examined, ExamineOptions } from './examine/examined.js';
import { Examiner } from './examine/examiner.js';
import type { LedgerSource } from './ledger-source.js';
import { ExaminePool } from './workers/examine-pool.js';

/** With fewer entries, threads take longer to start than they save. */
const MANY_ENTRIES = 200_000;
/** More than these read faster than one thread can take it. */
const MAX_WORKERS = 4;
/** Who asks for more has mistyped: each is a thread with memory of its own. */
const MOST_WORKERS = 64;

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

/** @throws {InvalidOptionsError} at numbers of threads that nobody can mean. */
export function requireWorkers(workers: number | undefined): void {
  if (workers === undefined || (Number.isInteger(workers) && workers >= 0 && workers <= MOST_WORKERS)) return;
  const usual = `leave it out for up to ${MAX_WORKERS}, as many as there are cores`;
  throw new InvalidOptionsError([`workers is ${workers}: must be an integer, 0 to ${MOST_WORKERS}; ${usual}`]);
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
