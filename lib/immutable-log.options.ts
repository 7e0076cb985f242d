import { IsBoolean, IsIn, IsObject, IsOptional, IsString, Length, Matches } from 'class-validator';
import type { CaptureOptions } from './capture/capture.options.js';
import { FAILURE_POLICIES, GUARANTEES, type OnFailure } from './capture/guarantee.js';
import type { DeliveryOptions } from './delivery/delivery.options.js';
import type { HttpServiceLike } from './delivery/remote/http-service.js';
import type { Guarantee } from './event/audit-event.js';
import type { RedactionOptions } from './event/redaction.options.js';
import type { LedgerOptions } from './ledger/ledger.options.js';
import { IsEndpointUrl } from './options/validators.js';

export const MODES = ['local', 'hybrid', 'remote'] as const;
export const REGISTRATIONS = ['global', 'manual'] as const;

/** The options of no single stage; among them the five names of ImmutableLog's own interceptor. */
export class GeneralOptions {
  /** Where events go: the ledger of the application, from there to ImmutableLog, or only there. Default: `hybrid` when there is an API key or a client, else `local`. */
  @IsOptional()
  @IsIn(MODES)
  mode?: (typeof MODES)[number];

  /** ImmutableLog API key. Environment: `IMTBL_API_KEY`, `IMMUTABLELOG_API_KEY`. */
  @IsOptional()
  @Matches(/^[\x21-\x7e]{1,512}$/, { message: '$property must be visible ASCII characters without spaces' })
  apiKey?: string;

  /** Where the API is. Not given with `client`: its own base URL. Environment: `IMTBL_URL`, `IMMUTABLELOG_URL`. */
  @IsEndpointUrl()
  apiUrl: string = 'https://api.immutablelog.com';

  /** `meta.service`. Environment: `IMTBL_SERVICE_NAME`, `npm_package_name` (set by npm's scripts). */
  @IsString()
  @Length(1, 256)
  serviceName: string = 'nestjs-app';

  /** `meta.environment`. Environment: `IMTBL_ENV`, `IMMUTABLELOG_ENV`, `NODE_ENV`. */
  @IsString()
  @Length(1, 128)
  env: string = 'production';

  /** Marks every event as a development event and, unless `env` is given, sets it to `development`. */
  @IsBoolean()
  development: boolean = false;

  /** `global` records every request; `manual` only those of handlers with `@UseInterceptors(ImmutableLogInterceptor)`. */
  @IsIn(REGISTRATIONS)
  register: (typeof REGISTRATIONS)[number] = 'global';

  /** How far the event of a request has come before its answer leaves: nowhere, committed to the ledger, or confirmed by the destination. `@AuditEvent()` says otherwise for a route. */
  @IsIn(GUARANTEES)
  guarantee: Guarantee = 'background';

  /** What becomes of an answer whose event could not be kept as `guarantee` asks: it leaves all the same, or the client is answered 503. */
  @IsIn(FAILURE_POLICIES)
  onFailure: OnFailure = 'allow';

  /** Publish the figures of `status()` as OpenTelemetry metrics; needs `@opentelemetry/api`. */
  @IsBoolean()
  metrics: boolean = false;

  /** An `HttpService` of `@nestjs/axios` that brings its own credentials, instead of `apiKey`. */
  @IsOptional()
  @IsObject()
  client?: HttpServiceLike;
}

/** What `forRoot()` takes: everything has a default. */
export interface ImmutableLogOptions extends Partial<GeneralOptions> {
  /** The same as `capture.skipPaths`, under the name of ImmutableLog's own interceptor. */
  skipPaths?: readonly (string | RegExp)[];
  capture?: Partial<CaptureOptions>;
  redaction?: Partial<RedactionOptions>;
  ledger?: Partial<LedgerOptions>;
  delivery?: Partial<DeliveryOptions>;
}

/** The options as they hold: complete, validated, frozen. */
export interface ResolvedImmutableLogOptions extends Readonly<Omit<GeneralOptions, 'apiUrl' | 'mode'>> {
  /** Absent where a client brings its own. */
  readonly apiUrl: string | undefined;
  readonly mode: (typeof MODES)[number];
  readonly capture: Readonly<CaptureOptions>;
  readonly redaction: Readonly<RedactionOptions>;
  readonly ledger: Readonly<LedgerOptions>;
  readonly delivery: Readonly<DeliveryOptions>;
}
