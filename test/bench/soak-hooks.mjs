// Loaded in front of the soak's application: gets hold of its worker threads, and ends them when the parent says so.
// Nor does the application outlive the parent.
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  let newest;
  process.on('worker', (worker) => (newest = worker));
  process.on('message', (message) => {
    if (message === 'terminate worker') void newest?.terminate();
  });
  process.on('disconnect', () => process.exit());
}
