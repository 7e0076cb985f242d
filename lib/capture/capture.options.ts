import { IsArray, IsBoolean, IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import type { Actor } from '../event/actor.js';
import { BODY_POLICIES, type BodyPolicy } from '../event/body-policy.js';
import { IsFunction, IsStringOrRegExp } from '../options/validators.js';

/** Who made a request. `tenant` goes beside the actor. */
export type Identity = Actor & { readonly tenant?: string };

/**
 * Finds out who made a request. Called with the platform's request when the response has ended, so `request.user` is in
 * place. `null`: this request is not recorded. `undefined`: recorded without an actor.
 */
// The request's type is the platform's: Express, Fastify or the application's own extension of one.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Identify = (request: any) => Identity | null | undefined | Promise<Identity | null | undefined>;

/** Which handlers the interceptor goes around. */
export const INTERCEPTED = ['all', 'named', 'off'] as const;

/** What is noticed of a request. */
export class CaptureOptions {
  /** Finds the actor of a request when its response has ended; `null` leaves the request out. Default: reads `request.user`. */
  @IsOptional()
  @IsFunction()
  identify?: Identify;

  /** Longest `identify` may take; then the actor is recorded as "unresolved", in milliseconds. */
  @IsInt()
  @Min(1)
  @Max(60_000)
  identifyTimeoutMs: number = 1_000;

  /** Paths that are not recorded, with what lies below them; globs (`/internal/**`) or regular expressions. */
  @IsArray()
  @IsStringOrRegExp()
  skipPaths: readonly (string | RegExp)[] = ['/health', '/healthz'];

  /** When given, only requests to these hosts are recorded: exact names or `*.example.com`. */
  @IsOptional()
  @IsArray()
  @Matches(/^(\*\.)?[\w-]+(\.[\w-]+)*$/, {
    each: true,
    message: 'each value in $property must be a host name without port, or *.example.com',
  })
  allowedHosts?: readonly string[];

  /** When given, only requests with these methods are recorded. */
  @IsOptional()
  @IsArray()
  @Matches(/^[A-Z-]+$/i, { each: true, message: 'each value in $property must be an HTTP method' })
  methods?: readonly string[];

  /** Record the headers of request and response, redacted. */
  @IsBoolean()
  headers: boolean = false;

  /** What is kept of request bodies: nothing, a hash, on errors the redacted body too, or always. */
  @IsIn(BODY_POLICIES)
  body: BodyPolicy = 'hash';

  /** What is kept of response bodies of at most 64 KiB. */
  @IsIn(BODY_POLICIES)
  responseBody: BodyPolicy = 'never';

  /** Handlers that are timed and watched: all, those with `@AuditEvent()`, or none. Every request is recorded all the same. */
  @IsIn(INTERCEPTED)
  interceptor: (typeof INTERCEPTED)[number] = 'all';

  /** Code within a request is known to be within it: `annotate()`, and actor, trail and request id of the events it records. */
  @IsBoolean()
  context: boolean = true;

  /** How long a handler may go on after its client has left before its request is recorded as incomplete, in milliseconds. */
  @IsInt()
  @Min(0)
  @Max(600_000)
  graceMs: number = 5_000;
}
