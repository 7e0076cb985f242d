import { IsArray, IsBoolean, IsOptional, IsString, MinLength } from 'class-validator';

/** What never reaches an event. */
export class RedactionOptions {
  /** Redact the built-in list of secret names, and card numbers, tokens and URL passwords inside texts. */
  @IsBoolean()
  builtIn: boolean = true;

  /** Names redacted at any depth, or dotted paths from the top of a headers, query, body or data value; `*` is one step. */
  @IsArray()
  @IsString({ each: true })
  @MinLength(1, { each: true })
  denylist: readonly string[] = [];

  /** When given, only these names and paths keep their values. The denylist wins over it. */
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  @MinLength(1, { each: true })
  allowlist?: readonly string[];
}
