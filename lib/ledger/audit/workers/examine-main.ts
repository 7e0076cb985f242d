import { parentPort, workerData } from 'node:worker_threads';
import { Examiner } from '../examine/examiner.js';
import type { Examined } from '../examine/examined.js';
import type { Chunk, ChunkExamined, ExamineInput } from './examine-protocol.js';
import { openRecipe } from './open-recipe.js';

// The script of a worker: examines bundles as it is told. It only reads, so it is simply ended when there are no more.
const { recipe, options } = workerData as ExamineInput;
const opened = openRecipe(recipe).then((source) => new Examiner(source, options));
let before: Promise<void> = Promise.resolve();

parentPort?.on('message', (chunk: Chunk) => {
  before = before.then(() => examine(chunk));
});

async function examine({ first, count }: Chunk): Promise<void> {
  const examiner = await opened;
  const examined: (Examined | undefined)[] = [];
  for (let n = first; n < first + count; n++) examined.push(await examiner.examine(n));
  const answer: ChunkExamined = { first, examined };
  parentPort?.postMessage(
    answer,
    examined.flatMap((bundle) => (bundle === undefined ? [] : [bundle.tile.buffer as ArrayBuffer])),
  );
}
