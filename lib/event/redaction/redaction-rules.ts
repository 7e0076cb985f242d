import type { RedactionOptions } from '../redaction.options.js';
import type { NameDecision } from './name-decision.js';
import { compileDenied, compileNames, topScope } from './name-rules.js';
import type { Scope } from './scope.js';
import { compileText } from './text-rules.js';
import type { RedactText } from './text-rules.js';

/** The redaction options, compiled. */
export interface RedactionRules {
  readonly decide: (name: string) => NameDecision;
  readonly redact: RedactText;
  /** Whether values of a name are always redacted. */
  readonly isDenied: (name: string) => boolean;
  /** The scope at the top of a headers, query, body or data value. */
  readonly top: Scope;
}

export function compileRedaction(options: Readonly<RedactionOptions>): RedactionRules {
  const isDenied = compileDenied(options);
  const redact = compileText(options, isDenied);
  return { decide: compileNames(options, isDenied, redact), redact, isDenied, top: topScope(options) };
}
