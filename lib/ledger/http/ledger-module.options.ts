import { Logger } from '@nestjs/common';
import { IsBoolean, IsIn, IsInt, IsNumber, IsObject, IsOptional, Max, Min } from 'class-validator';
import type { AuditLogger } from '../../event/audit-logger.js';
import { InvalidOptionsError } from '../../options/invalid-options.error.js';
import { resolveSection } from '../../options/resolve-section.js';
import { suggestOption } from '../../options/suggest-option.js';
import { LedgerOptions } from '../ledger.options.js';

export const AUTHENTICATIONS = ['api-keys', 'none'] as const;

/** The ledger behind HTTP: where it is kept, how it signs, and who may ask it what. */
export class LedgerModuleOptions extends LedgerOptions {
  /** `none` lets everybody read and write; their events have the source `anonymous`. */
  @IsIn(AUTHENTICATIONS)
  authentication: (typeof AUTHENTICATIONS)[number] = 'api-keys';

  /** Checkpoint and tiles need no key: they hold commitments, times and sources, and no content. */
  @IsBoolean()
  publicLog: boolean = false;

  /** Longest a request may take, from its first byte to its answer, in milliseconds. */
  @IsInt()
  @Min(1)
  @Max(600_000)
  requestTimeoutMs: number = 10_000;

  /** Events that one key may send in a second, on average. No limit unless given. */
  @IsOptional()
  @IsNumber({ allowNaN: false, allowInfinity: false })
  @Min(0.001)
  @Max(1_000_000)
  maxEventsPerSecond?: number;

  /** Events that one key may send at once before `maxEventsPerSecond` counts. Default: those of one second. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  burst?: number;

  /** Where the ledger says what happens to it. Default: NestJS's logger. */
  @IsObject()
  logger: AuditLogger = new Logger('ImmutableLog');
}

const NAMES = Object.keys(new LedgerModuleOptions());

/**
 * Defaults, then the given values; validated; frozen.
 *
 * @throws {InvalidOptionsError} with every problem at once.
 */
export function resolveLedgerModuleOptions(given: unknown): Readonly<LedgerModuleOptions> {
  const { values, problems } = resolveSection(LedgerModuleOptions, given, {
    prefix: '',
    suggest: (name) => suggestOption(name, NAMES),
  });
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return values;
}
