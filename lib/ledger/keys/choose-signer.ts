import type { AuditLogger } from '../../event/audit-logger.js';
import { InvalidKeyError } from '../checkpoint/invalid-key.error.js';
import { generateKey, parseSkey } from '../checkpoint/signing-key.js';
import type { SigningKey } from '../checkpoint/signing-key.js';
import { parseVkey } from '../checkpoint/verifier-key.js';
import { LedgerKeyError } from '../ledger-errors.js';
import { checkedSigner } from './checked-signer.js';
import type { CheckpointSigner } from './checkpoint-signer.js';
import { isExposed, readKeyFile, writeKeyFile } from './key-file.js';

/** Where the log's key may come from. */
export interface KeySources {
  readonly signer?: CheckpointSigner | undefined;
  /** In Go's note format. */
  readonly privateKey?: string | undefined;
  readonly keyPath?: string | undefined;
  /** `IMTBL_LEDGER_KEY`. */
  readonly environmentKey?: string | undefined;
  /** The file beside the database. */
  readonly defaultKeyPath: string;
}

export interface LogToSign {
  /** The vkey of a log that exists; its key is not made anew. */
  readonly vkey?: string | undefined;
  /** The name of a key that is made. */
  readonly origin: string;
}

/** The first of: signer, privateKey, keyPath, environment, the key file. Only a log without a key gets a new one. */
export async function chooseSigner(
  sources: KeySources,
  log: LogToSign,
  logger: AuditLogger,
): Promise<CheckpointSigner> {
  const signer = await firstSigner(sources, log, logger);
  if (log.vkey !== undefined && signer.vkey !== log.vkey) {
    throw new LedgerKeyError(
      `The signing key ${idOf(signer.vkey)} is not the one of this ledger, ${idOf(log.vkey)}. Give the ledger's own key`,
    );
  }
  return signer;
}

async function firstSigner(sources: KeySources, log: LogToSign, logger: AuditLogger): Promise<CheckpointSigner> {
  const { signer, privateKey, keyPath, environmentKey, defaultKeyPath } = sources;
  if (signer !== undefined) return checkedSigner(signer);
  if (privateKey !== undefined) return localSigner(givenKey(privateKey, 'privateKey, or IMTBL_LEDGER_KEY,'));
  if (keyPath === undefined && environmentKey) return localSigner(givenKey(environmentKey, 'IMTBL_LEDGER_KEY'));
  return localSigner(await fileKey(keyPath ?? defaultKeyPath, log, logger));
}

/** As in a file, white space around it is nobody's intention. */
function givenKey(text: string, where: string): SigningKey {
  const key = parseSkey(text.trim());
  if (key !== undefined) return key;
  throw new InvalidKeyError(`${where} is no signing key (PRIVATE+KEY+…). Give the key as the ledger wrote it`);
}

async function fileKey(path: string, { vkey, origin }: LogToSign, logger: AuditLogger): Promise<SigningKey> {
  if (vkey === undefined && (await readKeyFile(path)) === undefined) {
    await writeKeyFile(path, generateKey(origin).skey);
    logger.log(
      `The ledger has a new signing key in ${path}. Keep a copy in a safe place: without it nothing is appended`,
    );
  }
  const key = await readKeyFile(path);
  if (key === undefined) {
    throw new LedgerKeyError(
      `The signing key of the ledger is not in ${path}. Put it back, or give privateKey or signer`,
    );
  }
  if (await isExposed(path)) logger.warn(`The ledger's signing key in ${path} is readable by others: chmod 600 it`);
  return key;
}

function localSigner({ vkey, sign }: SigningKey): CheckpointSigner {
  return { vkey, sign: (message) => Promise.resolve(sign(message)) };
}

function idOf(vkey: string): string {
  const key = parseVkey(vkey);
  return key === undefined ? vkey : `${key.name}+${key.id}`;
}
