import type { Examined } from '../examine/examined.js';
import type { Examiner } from '../examine/examiner.js';
import type { ExamineInput } from './examine-protocol.js';
import { ExamineWorker } from './examine-worker.js';
import type { ChunkOutcome } from './examine-worker.js';
import { workerLocation } from './worker-location.js';

/** Bundles that a worker is given at a time: enough that handing over costs nothing, and half a megabyte of tiles. */
const CHUNK_BUNDLES = 32;
/** So many for each worker, so that it has the next when one is done. */
const CHUNKS_PER_WORKER = 3;

export interface ExaminePoolContext extends ExamineInput {
  readonly workers: number;
  /** Full bundles in the log. */
  readonly bundles: number;
  /** Does it where a worker cannot. */
  readonly own: Pick<Examiner, 'examine'>;
  readonly location?: URL | string;
}

/**
 * Examines bundles in several threads ahead of who asks for them in the order of the log. What is made of the answers, and
 * everything that is reported, stays with who asks, so the number of threads changes nothing but the time.
 */
export class ExaminePool {
  private readonly workers: readonly ExamineWorker[];
  /** Of the chunks that were given out and not yet left behind, by their first bundle. */
  private readonly outcomes = new Map<number, Promise<ChunkOutcome>>();
  private next = 0;

  constructor(private readonly context: ExaminePoolContext) {
    const { workers, recipe, options, location = workerLocation } = context;
    this.workers = Array.from({ length: workers }, () => new ExamineWorker(location, { recipe, options }));
    this.giveOut();
  }

  /** See `Examiner`. To be asked in ascending order. */
  async examine(n: number): Promise<Examined | undefined> {
    const first = n - (n % CHUNK_BUNDLES);
    for (const begin of this.outcomes.keys()) if (begin < first) this.outcomes.delete(begin);
    this.next = Math.max(this.next, first);
    this.giveOut();
    const outcome = (await this.outcomes.get(first)) ?? 'failed';
    return outcome === 'failed' ? this.context.own.examine(n) : outcome[n - first];
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.close()));
  }

  private giveOut(): void {
    const { bundles } = this.context;
    while (this.next < bundles && this.outcomes.size < this.workers.length * CHUNKS_PER_WORKER) {
      const [idlest] = [...this.workers].sort((a, b) => a.load - b.load);
      const chunk = { first: this.next, count: Math.min(CHUNK_BUNDLES, bundles - this.next) };
      this.outcomes.set(chunk.first, idlest?.examine(chunk) ?? Promise.resolve('failed'));
      this.next += CHUNK_BUNDLES;
    }
  }
}
