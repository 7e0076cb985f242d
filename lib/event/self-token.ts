import { createHmac, randomBytes } from 'node:crypto';

/** Header of our own API requests, by which capture recognises them in an application that is its own destination. */
export const SELF_HEADER = 'x-immutable-log-self';

/**
 * Value of `SELF_HEADER`. Made from the API key, so that all processes of a service know each other's deliveries and
 * nobody without the key can hide a request from the audit by sending the header.
 */
export function selfToken(apiKey: string | undefined): string {
  return createHmac('sha256', apiKey ?? randomBytes(32))
    .update('nestjs-immutable-log self')
    .digest('base64url');
}
