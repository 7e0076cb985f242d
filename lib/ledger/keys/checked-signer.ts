import { verifyEd25519 } from '../checkpoint/ed25519.js';
import { KEY_TYPES, parseVkey } from '../checkpoint/verifier-key.js';
import { LedgerKeyError, LedgerUnavailableError } from '../ledger-errors.js';
import type { CheckpointSigner } from './checkpoint-signer.js';

const SIGN_TIMEOUT_MS = 10_000;

/** A signer from outside, whose signatures are verified before anybody sees them, and who cannot hold the log up for ever. */
export function checkedSigner(signer: CheckpointSigner, timeoutMs = SIGN_TIMEOUT_MS): CheckpointSigner {
  const { vkey } = signer;
  const key = parseVkey(vkey);
  if (key?.type !== KEY_TYPES.ed25519) throw new LedgerKeyError(`The vkey of the signer, ${vkey}, is no Ed25519 key`);
  const sign = async (message: Uint8Array): Promise<Uint8Array> => {
    const signature = await inTime(signer.sign(message), timeoutMs);
    if (!verifyEd25519(key.publicKey, message, signature))
      throw new LedgerUnavailableError('its signer gave a signature that does not verify');
    return signature;
  };
  return { vkey, sign };
}

async function inTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LedgerUnavailableError(`its signer took ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
