/**
 * What is kept of a body: nothing, its hash, its hash and on errors the redacted body, or its hash and always the
 * redacted body.
 */
export const BODY_POLICIES = ['never', 'hash', 'errors', 'always'] as const;

export type BodyPolicy = (typeof BODY_POLICIES)[number];
