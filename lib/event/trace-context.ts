const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}(-.*)?$/;

/** Trace id of a `traceparent` header; `undefined` when the header is invalid. W3C Trace Context, section 3.2.2. */
export function traceIdFromTraceparent(header: unknown): string | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, traceId, parentId, rest] = TRACEPARENT.exec(header) ?? [];
  if (traceId === undefined || parentId === undefined) return undefined;
  // Version ff is forbidden; version 00 has exactly four parts, later ones may have more.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  return isZero(traceId) || isZero(parentId) ? undefined : traceId;
}

function isZero(hex: string): boolean {
  return /^0+$/.test(hex);
}
