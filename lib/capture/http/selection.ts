import picomatch from 'picomatch';
import type { CaptureOptions } from '../capture.options.js';

/** What of a request decides whether it is recorded at all. */
export interface RequestLine {
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  /** `Host` header, with or without port. */
  readonly host: string | undefined;
}

/** Whether a request is recorded, by its method, host and path. */
export function compileSelection(
  options: Pick<CaptureOptions, 'methods' | 'allowedHosts' | 'skipPaths'>,
): (line: RequestLine) => boolean {
  const methods = options.methods && new Set(options.methods.map((method) => method.toUpperCase()));
  const hosts = options.allowedHosts?.map((host) => host.toLowerCase());
  const skipped = options.skipPaths.map(pathMatcher);
  return ({ method, path, host }) =>
    (methods === undefined || methods.has(method)) &&
    (hosts === undefined || hosts.some((allowed) => hostMatches(allowed, hostName(host)))) &&
    !skipped.some((matches) => matches(path));
}

function pathMatcher(rule: string | RegExp): (path: string) => boolean {
  if (rule instanceof RegExp) {
    // Without the flags that make a RegExp remember where it stopped: it would skip every second request.
    const stateless = new RegExp(rule.source, rule.flags.replace(/[gy]/g, ''));
    return (path) => stateless.test(path);
  }
  if (picomatch.scan(rule).isGlob) return picomatch(rule, { dot: true });
  // As in ImmutableLog's own interceptor: a path and what lies below it.
  return (path) => path === rule || path.startsWith(`${rule}/`);
}

function hostMatches(allowed: string, host: string): boolean {
  return allowed.startsWith('*.') ? host.endsWith(allowed.slice(1)) : host === allowed;
}

/** Host header without its port; an IPv6 literal keeps its brackets. */
export function hostName(host: string | undefined): string {
  return (host ?? '').toLowerCase().replace(/:\d+$/, '');
}
