/**
 * Most UTF-8 bytes that a text may take in JSON. What survives to the last when a payload is clamped stays below
 * 12,000 bytes together, whatever it says: the sum of these, two actors and the names of the members.
 */
export const TEXT_BYTES = {
  id: 64,
  name: 256,
  message: 1_000,
  method: 64,
  path: 1_024,
  route: 512,
  host: 256,
  requestId: 256,
  clientIp: 64,
  tenant: 512,
  reason: 512,
  exceptionName: 256,
  exceptionMessage: 1_500,
  errorCode: 256,
  userAgent: 1_024,
  codeName: 256,
} as const;

/** Longest text of an actor, of an immutable trail and of most meta values, in UTF-16 units. */
export const MAX_TEXT_CHARS = 256;

/** Longest `meta.error_message`, in UTF-16 units. */
export const MAX_ERROR_MESSAGE_CHARS = 500;
