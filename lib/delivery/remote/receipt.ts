import { createHash } from 'node:crypto';
import type { Receipt } from '../../event/event-sink.js';

/**
 * The receipt in an answer's JSON, or `undefined` when it is none. Tolerant: only `tx_id` is needed, because the format
 * of the other members is not published.
 */
export function parseReceipt(json: unknown): Receipt | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const answer = json as Readonly<Record<string, unknown>>;
  const txId = text(answer['tx_id']);
  if (txId === undefined || answer['ok'] === false) return undefined;
  const payloadHash = text(answer['payload_hash']);
  const requestId = text(answer['request_id']);
  return {
    txId,
    duplicate: answer['duplicate'] === true,
    ...(payloadHash === undefined ? {} : { payloadHash }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

/** Whether the hash of a receipt is that of the payload; `undefined` when it is no recognisable SHA-256. */
export function payloadHashMatches(payloadHash: string, payload: string): boolean | undefined {
  const claimed = sha256Bytes(payloadHash.trim());
  return claimed?.equals(createHash('sha256').update(payload, 'utf8').digest());
}

/** 64 hexadecimal digits, or base64 or base64url of 32 bytes, each with or without `sha256:` before it. */
function sha256Bytes(hash: string): Buffer | undefined {
  const bare = hash.replace(/^sha-?256[:-]/i, '');
  if (/^[0-9a-f]{64}$/i.test(bare)) return Buffer.from(bare, 'hex');
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(bare)) return Buffer.from(bare, 'base64');
  return undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
