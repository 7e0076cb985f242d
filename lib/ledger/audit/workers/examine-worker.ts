import type { Worker } from 'node:worker_threads';
import type { Chunk, ChunkExamined, ExamineInput } from './examine-protocol.js';
import { startThread } from './start-thread.js';

/** What is told of a chunk: what was found, or that the worker cannot. */
export type ChunkOutcome = ChunkExamined['examined'] | 'failed';

/** One worker thread. It never rejects: whoever cannot be asked fails. */
export class ExamineWorker {
  private readonly worker: Worker | undefined;
  private readonly waiting = new Map<number, (outcome: ChunkOutcome) => void>();
  private isDead = false;

  constructor(location: URL | string, input: ExamineInput) {
    try {
      this.worker = startThread(location, input);
    } catch {
      this.die();
      return;
    }
    this.worker.on('message', ({ first, examined }: ChunkExamined) => {
      this.waiting.get(first)?.(examined);
      this.waiting.delete(first);
    });
    // Without a script of its own, as in a bundle, or without memory for one more.
    this.worker.on('error', () => this.die());
    this.worker.on('exit', () => this.die());
  }

  /** Chunks that it has not answered. */
  get load(): number {
    return this.isDead ? Infinity : this.waiting.size;
  }

  examine(chunk: Chunk): Promise<ChunkOutcome> {
    if (this.isDead) return Promise.resolve('failed');
    return new Promise((resolve) => {
      this.waiting.set(chunk.first, resolve);
      this.worker?.postMessage(chunk);
    });
  }

  async close(): Promise<void> {
    await this.worker?.terminate();
  }

  private die(): void {
    this.isDead = true;
    for (const resolve of this.waiting.values()) resolve('failed');
    this.waiting.clear();
  }
}
