import { IsBoolean, IsInt, IsObject, IsOptional, Matches, Max, Min } from 'class-validator';
import { IsFilePath } from '../options/validators.js';
import { BALLAST_BYTES, MAX_WAITING_BYTES, MIN_FREE_BYTES } from './disk/space-defaults.js';
import type { CheckpointSigner } from './keys/checkpoint-signer.js';

const MAX_DISK_BYTES = 1_000_000_000_000;

/** Where the ledger is kept and how it signs. */
export class LedgerOptions {
  /** The database file, on a local disk; it is made with its folder. Environment: `IMTBL_LEDGER_PATH`. */
  @IsFilePath()
  path: string = './.immutable-log/ledger.db';

  /** Name of the log in its checkpoints, e.g. `audit.example.com/payments`; fixed when the ledger is made. */
  @IsOptional()
  @Matches(/^[^\s+]{1,256}$/, { message: '$property must have no space and no +' })
  origin?: string;

  /** File of the signing key, made with the ledger, mode 0600. Default: `<path>.key`. */
  @IsOptional()
  @IsFilePath()
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
  @IsFilePath()
  highWaterPath?: string;

  /** Events are refused while less is free on the disk; 0: only when it is full. */
  @IsInt()
  @Min(0)
  @Max(MAX_DISK_BYTES)
  minFreeBytes: number = MIN_FREE_BYTES;

  /** Size of the file `<path>.ballast`, deleted when the disk is full so that a shutdown can be written; 0: no file. */
  @IsInt()
  @Min(0)
  @Max(MAX_DISK_BYTES)
  ballastBytes: number = BALLAST_BYTES;

  /** Events are refused while more bytes of them wait to be written. */
  @IsInt()
  @Min(1_000_000)
  @Max(10_000_000_000)
  maxWaitingBytes: number = MAX_WAITING_BYTES;

  /** Also verifies all of the ledger after each start, in a thread of its own; logged, in `status()` and `alerts$`. */
  @IsBoolean()
  verifyAtStart: boolean = false;

  /** In `hybrid` mode the content of events is erased here so many days after it came, if the API has it; never unless given. Entries, checkpoints and proofs stay. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(36_500)
  retainForwardedDays?: number;
}
