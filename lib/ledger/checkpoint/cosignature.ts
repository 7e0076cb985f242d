import { concatBytes, isBytes } from '../encoding/bytes.js';
import { contained } from '../encoding/contained.js';
import { encodeUtf8 } from '../encoding/utf8.js';
import { isCount } from '../merkle/tree-index.js';
import { parseCheckpoint } from './checkpoint.js';
import { SIGNATURE_BYTES, verifyEd25519 } from './ed25519.js';
import { KEY_TYPES, parseVkey, requireVerifierKey } from './verifier-key.js';
import type { VerifierKey } from './verifier-key.js';

const TIME_BYTES = 8;

/** A witness' statement: at this time, the checkpoint was the largest it had seen of this log. */
export interface Cosignature {
  /** Seconds since 1970. */
  readonly time: number;
  /** Ed25519 over `cosignedMessage`. */
  readonly signature: Uint8Array;
}

/** Takes the bytes behind the key id of a cosignature line apart: big-endian seconds, then 64 bytes of signature. */
export function parseCosignature(blob: Uint8Array): Cosignature | undefined {
  if (!isBytes(blob) || blob.length !== TIME_BYTES + SIGNATURE_BYTES) return undefined;
  const time = blob.subarray(0, TIME_BYTES).reduce((seconds, byte) => seconds * 0x100 + byte, 0);
  // Sums beyond 2^53 lose digits but do not fall back below it.
  return isCount(time) ? { time, signature: blob.subarray(TIME_BYTES) } : undefined;
}

/** The bytes behind the key id of a cosignature line. */
export function formatCosignature({ time, signature }: Cosignature): Uint8Array {
  if (!isCount(time) || signature.length !== SIGNATURE_BYTES) throw new RangeError('not the time of a cosignature');
  const seconds = Uint8Array.from({ length: TIME_BYTES }, (_, at) => Math.floor(time / 0x100 ** (7 - at)) % 0x100);
  return concatBytes(seconds, signature);
}

/** What a witness signs: a header, its time, and the whole text of the checkpoint. c2sp.org/tlog-cosignature. */
export function cosignedMessage(time: number, checkpointText: string): Uint8Array | undefined {
  return encodeUtf8(`cosignature/v1\ntime ${time}\n${checkpointText}`);
}

/**
 * The cosignature in the bytes behind the key id, if they are one of `key`, of type 0x04, over this checkpoint.
 * Answers on input of any type.
 */
export function verifyCosignature(
  checkpointText: string,
  blob: Uint8Array,
  key: VerifierKey | string,
): Cosignature | undefined {
  return contained(() => {
    const cosignature = parseCosignature(blob);
    const witness = typeof key === 'string' ? parseVkey(key) : requireVerifierKey(key);
    if (cosignature === undefined || witness?.type !== KEY_TYPES.cosignature) return undefined;
    const message = parseCheckpoint(checkpointText) && cosignedMessage(cosignature.time, checkpointText);
    const verifies = message && verifyEd25519(witness.publicKey, message, cosignature.signature);
    return verifies ? cosignature : undefined;
  }, undefined);
}
