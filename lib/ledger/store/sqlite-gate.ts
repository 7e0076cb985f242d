/*
 * A thread that is ended from outside while it is in SQLite, and SQLite then has an error to throw, takes the process with
 * it: the error cannot be made any more, and better-sqlite3 aborts. So whoever ends threads, as `process.exit()` does,
 * closes the gate first and waits until nobody is inside.
 */

const INSIDE = 0;
const CLOSED = 1;

/** Memory for a gate, which the threads on both sides of it share. */
export function makeGate(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

let gate: Int32Array | undefined;

/** Makes all SQLite of this thread go through the gate. Not for the main thread, which is not ended from outside. */
export function goThrough(memory: SharedArrayBuffer): void {
  gate = new Int32Array(memory);
}

/** Runs what calls SQLite; once the gate is closed the thread waits here to be ended. */
export function inSqlite<T>(step: () => T): T {
  if (gate === undefined) return step();
  Atomics.add(gate, INSIDE, 1);
  try {
    // Inside before it looks: either it sees that the gate is closed, or who closes it sees that it is inside.
    if (Atomics.load(gate, CLOSED) === 1) waitForTheEnd(gate);
    return step();
  } finally {
    leave(gate);
  }
}

/** Lets nobody in any more, and waits until nobody is inside, in the thread that calls it. */
export function closeGate(memory: SharedArrayBuffer, timeoutMs: number): void {
  const closed = new Int32Array(memory);
  Atomics.store(closed, CLOSED, 1);
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const inside = Atomics.load(closed, INSIDE);
    const left = deadline - Date.now();
    if (inside === 0 || left <= 0) return;
    Atomics.wait(closed, INSIDE, inside, left);
  }
}

function waitForTheEnd(closed: Int32Array): void {
  leave(closed);
  Atomics.wait(closed, CLOSED, 1);
}

function leave(left: Int32Array): void {
  Atomics.sub(left, INSIDE, 1);
  Atomics.notify(left, INSIDE);
}
