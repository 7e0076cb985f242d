/** Both ends included. */
export type PlaceRange = readonly [first: number, last: number];

/** Ascending places in the ledger as runs of neighbours. */
export function joinPlaces(places: readonly number[]): PlaceRange[] {
  const ranges: [number, number][] = [];
  for (const place of places) {
    const last = ranges.at(-1);
    if (last?.[1] === place - 1) last[1] = place;
    else ranges.push([place, place]);
  }
  return ranges;
}
