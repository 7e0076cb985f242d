import { hash } from 'node:crypto';

/** SHA-256 in lower-case hexadecimal; of the UTF-8 bytes when given a text. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}
