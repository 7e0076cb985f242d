/**
 * Where entries begin that were joined, each behind a zero byte, and where the next would; `undefined` unless there are
 * exactly so many zero bytes, so that none of them is an entry's own.
 */
export function splitEntries(bytes: Uint8Array, count: number): number[] | undefined {
  if (bytes[0] !== 0) return undefined;
  const starts = [1];
  for (let zero; (zero = bytes.indexOf(0, starts.at(-1))) !== -1;) {
    if (starts.push(zero + 1) > count) return undefined;
  }
  starts.push(bytes.length + 1);
  return starts.length === count + 1 ? starts : undefined;
}
