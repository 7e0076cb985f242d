import { existsSync } from 'node:fs';
import type { AuditLogger } from '../event/audit-logger.js';
import { containedLogger } from '../event/contained-logger.js';
import { StartVerification } from './audit/workers/start-verification.js';
import type { StartVerificationContext } from './audit/workers/start-verification.js';
import { parseCheckpoint } from './checkpoint/checkpoint.js';
import { isKeyName } from './checkpoint/key-name.js';
import { parseNote } from './checkpoint/note.js';
import { requireVerifierKey } from './checkpoint/verifier-key.js';
import { DiskGuard } from './disk/disk-guard.js';
import type { DiskPauses } from './disk/disk-guard.js';
import type { FreeBytes } from './disk/free-space.js';
import { BALLAST_BYTES, MAX_WAITING_BYTES, MIN_FREE_BYTES } from './disk/space-defaults.js';
import { encodeHex } from './encoding/hex.js';
import type { CheckpointSigner } from './keys/checkpoint-signer.js';
import { chooseSigner } from './keys/choose-signer.js';
import { Ledger } from './ledger.js';
import { LedgerCorruptError, LedgerForeignError, LedgerKeyError, LedgerRollbackError } from './ledger-errors.js';
import { pooledRandomBytes } from './sequencer/pooled-random-bytes.js';
import { readHighWater } from './sequencer/high-water-file.js';
import { openReleased } from './sequencer/remembered.js';
import type { Released, Remembered } from './sequencer/remembered.js';
import type { LedgerIdentity, LedgerStore } from './store/ledger-store.js';
import type { OpenSqlite } from './store/sqlite-database.js';
import { SqliteLedgerStore } from './store/sqlite.ledger-store.js';
import { LedgerWriter } from './writer.js';

export interface OpenLedgerOptions {
  /** The database file, on a local disk. Made with its folder if there is none. */
  readonly path: string;
  /** The name of the log in its checkpoints, such as `audit.example.com/ledger`. A name of its own unless given. */
  readonly origin?: string | undefined;
  /** Signs instead of a key that this process holds. */
  readonly signer?: CheckpointSigner | undefined;
  /** The signing key in Go's note format; `IMTBL_LEDGER_KEY` unless given. */
  readonly privateKey?: string | undefined;
  /** The file of the signing key, made for a new ledger. `<path>.key` unless given. */
  readonly keyPath?: string | undefined;
  /** The file that remembers the newest checkpoint, best on another disk. `<path>.high-water` unless given. */
  readonly highWaterPath?: string | undefined;
  /** Needs no key, changes nothing and checks nothing. */
  readonly readOnly?: boolean | undefined;
  /** Events in one commit; 256 unless given. */
  readonly maxBatch?: number | undefined;
  /** How long an event waits for others, in milliseconds, when many come at a time; 5 unless given. */
  readonly maxWaitMs?: number | undefined;
  /** Events are refused while less is free on the disk; 32 MB unless given. */
  readonly minFreeBytes?: number | undefined;
  /** Size of the file `<path>.ballast`, which is given up when the disk is full; 64 MB unless given. */
  readonly ballastBytes?: number | undefined;
  /** Events are refused while more bytes of them wait to be written; 64 MB unless given. */
  readonly maxWaitingBytes?: number | undefined;
  /** Verifies all of it, content too, ten seconds after it is open, in a thread of its own. */
  readonly verifyAtStart?: boolean | undefined;
  /** When, and with which script. */
  readonly verification?: Pick<StartVerificationContext, 'afterMs' | 'location'> | undefined;
  readonly now?: (() => number) | undefined;
  readonly randomBytes?: ((bytes: number) => Uint8Array) | undefined;
  /** Opens the connections to the database instead of better-sqlite3. */
  readonly openSqlite?: OpenSqlite | undefined;
  /** Says how much is free instead of the system. */
  readonly freeBytes?: FreeBytes | undefined;
  readonly diskPauses?: Partial<DiskPauses> | undefined;
  readonly logger: AuditLogger;
}

const MAX_BATCH = 256;
const MAX_WAIT_MS = 5;
const MAX_WAITING = 10_000;

/**
 * Opens the ledger in a file, or makes one. Rejects with `SqliteMissingError`, `LedgerUnwritableError`,
 * `LedgerForeignError`, `LedgerKeyError`, `LedgerCorruptError`, `LedgerRollbackError`, or, when it is worth trying again,
 * with `LedgerUnavailableError`.
 */
export async function openLedger(given: OpenLedgerOptions): Promise<Ledger> {
  const options = { ...given, logger: containedLogger(given.logger) };
  const { path, readOnly = false, openSqlite } = options;
  // Read before the head: what is released later is not missing from it.
  const highWater = readOnly ? undefined : await readHighWater(highWaterPath(options));
  if (highWater !== undefined && !existsSync(path)) throw missing(options, highWater);
  const disk = readOnly ? undefined : await guardDisk(options);
  let store: SqliteLedgerStore | undefined;
  try {
    store = await SqliteLedgerStore.open(path, { readOnly, ...(openSqlite && { open: openSqlite }) });
    return await (disk ? openWriter({ store, disk, highWater }, options) : openReader(store, options));
  } catch (error) {
    await disk?.close();
    await store?.close();
    throw error;
  }
}

async function guardDisk(options: OpenLedgerOptions): Promise<DiskGuard> {
  const { minFreeBytes = MIN_FREE_BYTES, ballastBytes = BALLAST_BYTES } = options;
  const disk = new DiskGuard({ ...options, minFreeBytes, ballastBytes });
  await disk.start();
  return disk;
}

async function openReader(store: LedgerStore, { path, origin }: OpenLedgerOptions): Promise<Ledger> {
  const identity = await store.identity();
  if (identity === undefined) throw new LedgerForeignError(path, 'it is empty');
  requireOrigin(identity, { path, origin });
  const newest = async (): Promise<Released> => {
    const released = openReleased((await store.savedNote()) ?? '', identity.vkey);
    if (released === undefined)
      throw new LedgerCorruptError('its newest saved checkpoint is missing or not signed by it');
    return released;
  };
  return new Ledger({ store, identity, newest });
}

interface Opened {
  readonly store: LedgerStore;
  readonly disk: DiskGuard;
  readonly highWater: string | undefined;
}

async function openWriter({ store, disk, highWater }: Opened, options: OpenLedgerOptions): Promise<Ledger> {
  const known = await store.identity();
  if (known === undefined && highWater !== undefined) throw missing(options, highWater);
  if (known !== undefined) requireOrigin(known, options);
  const randomOf = options.randomBytes ?? pooledRandomBytes();
  const signer = await signerOf(options, known, randomOf);
  const identity = known ?? (await store.initialise(newIdentity(signer, options, randomOf)));
  if (identity.vkey !== signer.vkey) {
    throw new LedgerKeyError('Another process has just made this ledger, with another key. Start again with that key');
  }
  const writer = new LedgerWriter({
    store,
    identity,
    signer,
    highWaterPath: highWaterPath(options),
    limits: {
      maxBatch: options.maxBatch ?? MAX_BATCH,
      maxWaitMs: options.maxWaitMs ?? MAX_WAIT_MS,
      maxWaiting: MAX_WAITING,
    },
    maxWaitingBytes: options.maxWaitingBytes ?? MAX_WAITING_BYTES,
    disk,
    now: options.now ?? Date.now,
    randomBytes: randomOf,
    logger: options.logger,
  });
  await writer.start(await memories(store, identity, { path: highWaterPath(options), note: highWater }));
  const parts = { store, identity, writer, newest: () => writer.newest() };
  if (!options.verifyAtStart) return new Ledger(parts);
  const verification = new StartVerification({
    ...options.verification,
    origin: identity.origin,
    vkey: identity.vkey,
    path: options.path,
    highWaterPath: highWaterPath(options),
    logger: options.logger,
  });
  verification.begin();
  return new Ledger({ ...parts, verification });
}

function signerOf(
  options: OpenLedgerOptions,
  known: LedgerIdentity | undefined,
  random: (bytes: number) => Uint8Array,
): Promise<CheckpointSigner> {
  // A name that says nothing about the machine.
  const origin = options.origin ?? `immutable-log/${encodeHex(random(8))}`;
  if (!isKeyName(origin)) {
    throw new LedgerKeyError(
      `The origin ${JSON.stringify(origin)} has a space or a plus in it, or is empty. Give another`,
    );
  }
  const environmentKey = process.env['IMTBL_LEDGER_KEY'];
  const sources = { ...options, environmentKey, defaultKeyPath: `${options.path}.key` };
  return chooseSigner(sources, { vkey: known?.vkey, origin }, options.logger);
}

function newIdentity(
  { vkey }: CheckpointSigner,
  { origin }: OpenLedgerOptions,
  random: (bytes: number) => Uint8Array,
): LedgerIdentity {
  const { name } = requireVerifierKey(vkey);
  if (origin !== undefined && origin !== name) {
    throw new LedgerKeyError(`The signing key is named ${name}, and the origin is ${origin}. Give both the same name`);
  }
  return { origin: name, vkey, idempotencySecret: random(32) };
}

/** Everybody who remembers a checkpoint of this log. */
async function memories(
  store: LedgerStore,
  { vkey }: LedgerIdentity,
  highWater: { readonly path: string; readonly note: string | undefined },
): Promise<Remembered[]> {
  const saved = await store.savedNote();
  const own = openReleased(saved ?? '', vkey);
  if (saved !== undefined && own === undefined)
    throw new LedgerCorruptError('its saved checkpoint is not signed by it');
  const outside = openReleased(highWater.note ?? '', vkey);
  if (highWater.note !== undefined && outside === undefined) {
    throw new LedgerForeignError(highWater.path, 'it holds no checkpoint that this ledger signed');
  }
  return [
    ...(own === undefined ? [] : [{ ...own, holder: 'the ledger itself' }]),
    ...(outside === undefined ? [] : [{ ...outside, holder: highWater.path }]),
  ];
}

function requireOrigin(
  identity: LedgerIdentity,
  { path, origin }: { readonly path: string; readonly origin?: string | undefined },
): void {
  if (origin !== undefined && origin !== identity.origin) {
    throw new LedgerForeignError(path, `it is the ledger ${identity.origin}, and ${origin} is wanted`);
  }
}

/** There was a ledger, of which there is nothing but the memory; its key is gone with it, so this is only its word. */
function missing(options: OpenLedgerOptions, highWater: string): LedgerRollbackError {
  const size = parseCheckpoint(parseNote(highWater)?.text ?? '')?.size ?? 1;
  return new LedgerRollbackError(0, { size, holder: highWaterPath(options) });
}

function highWaterPath({ path, highWaterPath }: OpenLedgerOptions): string {
  return highWaterPath ?? `${path}.high-water`;
}
