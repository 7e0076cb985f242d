import type { NameDecision } from './name-decision.js';
import { advance, isMatch } from './path-patterns.js';
import type { PathState } from './path-patterns.js';

/** Where a walk stands in the rules. A step into a denied place gives `undefined`. */
export interface Scope {
  /** Whether values here keep their content; false only with an allowlist that has not matched yet. */
  readonly kept: boolean;
  member(name: NameDecision): Scope | undefined;
  item(index: number): Scope | undefined;
}

/** Without paths and without allowlist only the name counts, so one scope serves every place. */
export const NAMES_ONLY: Scope = {
  kept: true,
  member: (name) => (name.denied ? undefined : NAMES_ONLY),
  item: () => NAMES_ONLY,
};

/** Denied and allowed paths that may still match below here. */
export interface OpenPaths {
  readonly deny: PathState;
  readonly allow: PathState;
}

export function pathScope(paths: OpenPaths, kept: boolean): Scope {
  const step = (segment: string, allowed: boolean): Scope | undefined => {
    const deny = advance(paths.deny, segment);
    if (isMatch(deny)) return undefined;
    const allow = kept ? [] : advance(paths.allow, segment);
    return pathScope({ deny, allow }, kept || allowed || isMatch(allow));
  };
  return {
    kept,
    member: (name) => (name.denied ? undefined : step(name.segment, name.allowed)),
    item: (index) => step(String(index), false),
  };
}
