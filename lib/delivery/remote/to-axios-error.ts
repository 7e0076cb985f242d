import { types } from 'node:util';
import { AxiosError, type InternalAxiosRequestConfig } from 'axios';

const TIMEOUT_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

/** A failure of undici in axios's words; the failure itself stays as `cause`. */
export function toAxiosError(error: unknown, config: InternalAxiosRequestConfig): AxiosError {
  // Not instanceof: an error of Node's own comes from another realm inside a test runner's sandbox.
  const failure = types.isNativeError(error) ? error : new Error(String(error));
  return AxiosError.from(failure, axiosCode((failure as NodeJS.ErrnoException).code), config);
}

/** Codes of the operating system (ECONNREFUSED, ECONNRESET …) are the same in axios; undici's own are not known there. */
function axiosCode(code: string | undefined): string {
  if (code === undefined || code === 'ERR_INVALID_URL') return AxiosError.ERR_NETWORK;
  if (TIMEOUT_CODES.has(code)) return AxiosError.ETIMEDOUT;
  return code.startsWith('UND_ERR_') ? AxiosError.ERR_NETWORK : code;
}
