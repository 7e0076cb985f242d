import { compileRedaction } from '../../../../lib/event/redaction/redaction-rules.js';
import type { RedactionRules } from '../../../../lib/event/redaction/redaction-rules.js';
import { RedactionOptions } from '../../../../lib/event/redaction.options.js';

export function redactionOptions(given: Partial<RedactionOptions> = {}): RedactionOptions {
  return Object.assign(new RedactionOptions(), given);
}

export function rulesOf(given: Partial<RedactionOptions> = {}): RedactionRules {
  return compileRedaction(redactionOptions(given));
}
