/** Option paths (`delivery.timeoutMs`) that a wrong name may have meant: the same name elsewhere, else the nearest spelling. */
export function suggestOption(name: string, paths: readonly string[]): string | undefined {
  const leaf = (path: string) => path.slice(path.lastIndexOf('.') + 1);
  const same = paths.find((path) => leaf(path).toLowerCase() === name.toLowerCase());
  if (same !== undefined) return same;
  const nearest = paths
    .map((path) => ({ path, distance: editDistance(leaf(path).toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return nearest !== undefined && nearest.distance <= 2 ? nearest.path : undefined;
}

/** Levenshtein distance. Option names are short, so the plain two-row table serves. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
