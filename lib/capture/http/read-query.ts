import type { PlatformRequest } from './platform-request.js';

/** The query as the platform parsed it, or parsed here for a request that the platform never saw. */
export function readQuery(url: string, platform: PlatformRequest | undefined): unknown {
  const start = url.indexOf('?');
  if (start === -1) return undefined;
  const parsed = platform?.query;
  if (typeof parsed === 'object' && parsed !== null) return parsed;
  const values: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
    const before = values[name];
    values[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return values;
}
