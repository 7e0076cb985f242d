/** Aborted when the process is asked to end. Whoever asks a second time does not want to wait. */
export function untilAsked(): AbortSignal {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  return ending.signal;
}
