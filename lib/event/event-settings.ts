import type { BodyPolicy } from './body-policy.js';
import type { RedactionOptions } from './redaction.options.js';

/** What is the same for all events of a service. */
export interface EventSettings {
  readonly serviceName: string;
  readonly env: string;
  readonly development: boolean;
  readonly redaction: Readonly<RedactionOptions>;
  /** Request bodies. */
  readonly body: BodyPolicy;
  readonly responseBody: BodyPolicy;
}
