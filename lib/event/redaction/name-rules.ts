import { cutChars } from '../cut-text.js';
import type { RedactionOptions } from '../redaction.options.js';
import { boundedMemo } from './bounded-memo.js';
import type { NameDecision } from './name-decision.js';
import { normalName } from './name-words.js';
import { compilePaths, isPath } from './path-patterns.js';
import { NAMES_ONLY, pathScope } from './scope.js';
import type { Scope } from './scope.js';
import { isSecretName } from './secret-names.js';

const MAX_NAME_CHARS = 128;

/** Whether values of a name are always redacted: the user's denylist and the built-in names. */
export function compileDenied(options: Readonly<RedactionOptions>): (name: string) => boolean {
  const denied = namesOf(options.denylist);
  return boundedMemo((name) => denied.has(normalName(name)) || (options.builtIn && isSecretName(name)));
}

/** Decides about names; each name once, as far as memory allows. */
export function compileNames(
  options: Readonly<RedactionOptions>,
  isDenied: (name: string) => boolean,
  redact: (text: string) => string,
): (name: string) => NameDecision {
  const allowed = namesOf(options.allowlist ?? []);
  return boundedMemo((name) => {
    const segment = normalName(name);
    const label = cutChars(redact(cutChars(name, MAX_NAME_CHARS)), MAX_NAME_CHARS);
    return { label, denied: isDenied(name), allowed: allowed.has(segment), segment };
  });
}

/** The scope at the top of a headers, query, body or data value. */
export function topScope(options: Readonly<RedactionOptions>): Scope {
  const deny = compilePaths(options.denylist);
  if (options.allowlist === undefined && deny.length === 0) return NAMES_ONLY;
  return pathScope({ deny, allow: compilePaths(options.allowlist ?? []) }, options.allowlist === undefined);
}

function namesOf(entries: readonly string[]): ReadonlySet<string> {
  return new Set(entries.filter((entry) => !isPath(entry)).map(normalName));
}
