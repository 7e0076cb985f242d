import { normalName } from './name-words.js';

/** One step of the compiled patterns. */
interface PathNode {
  readonly steps: Map<string, PathNode>;
  /** The step `*`. */
  any?: PathNode;
  /** A pattern ends here. */
  end: boolean;
}

/** Where a walk stands in the patterns: every node that its path so far leads to. */
export type PathState = readonly PathNode[];

/** `a.b` and `items.*.price` are paths, `password` is a name. */
export function isPath(entry: string): boolean {
  return entry.includes('.') || entry === '*';
}

/** The state at the top of a section, before the first step. */
export function compilePaths(entries: readonly string[]): PathState {
  const root = newNode();
  for (const entry of entries.filter(isPath)) {
    let node = root;
    for (const step of entry.split('.')) node = childOf(node, step);
    node.end = true;
  }
  return root.steps.size === 0 && root.any === undefined ? [] : [root];
}

/** `segment` is a normalised name or an array index. */
export function advance(state: PathState, segment: string): PathState {
  const next: PathNode[] = [];
  for (const node of state) {
    const named = node.steps.get(segment);
    if (named !== undefined) next.push(named);
    if (node.any !== undefined) next.push(node.any);
  }
  return next;
}

export function isMatch(state: PathState): boolean {
  return state.some((node) => node.end);
}

function childOf(node: PathNode, step: string): PathNode {
  if (step === '*') return (node.any ??= newNode());
  const name = normalName(step);
  const known = node.steps.get(name);
  if (known !== undefined) return known;
  const child = newNode();
  node.steps.set(name, child);
  return child;
}

function newNode(): PathNode {
  return { steps: new Map(), end: false };
}
