import { IsObject, IsOptional, IsString, Length, Matches } from 'class-validator';
import type { CheckpointSigner } from './keys/checkpoint-signer.js';

/** Where the ledger is kept and how it signs. */
export class LedgerOptions {
  /** The database file, on a local disk; it is made with its folder. Environment: `IMTBL_LEDGER_PATH`. */
  @IsString()
  @Length(1, 4_096)
  path: string = './.immutable-log/ledger.db';

  /** Name of the log in its checkpoints, e.g. `audit.example.com/payments`; fixed when the ledger is made. */
  @IsOptional()
  @Matches(/^[^\s+]{1,256}$/, { message: '$property must have no space and no +' })
  origin?: string;

  /** File of the signing key, made with the ledger, mode 0600. Default: `<path>.key`. */
  @IsOptional()
  @IsString()
  @Length(1, 4_096)
  keyPath?: string;

  /** The signing key itself, in Go's note format. Environment: `IMTBL_LEDGER_KEY`. */
  @IsOptional()
  @Matches(/^PRIVATE\+KEY\+/, { message: '$property must begin with PRIVATE+KEY+' })
  privateKey?: string;

  /** Signs checkpoints instead of a key that this process holds. */
  @IsOptional()
  @IsObject()
  signer?: CheckpointSigner;

  /** File that remembers the newest checkpoint, best on another disk. Default: `<path>.high-water`. */
  @IsOptional()
  @IsString()
  @Length(1, 4_096)
  highWaterPath?: string;
}
