import type { AxiosRequestConfig } from 'axios';
import { MAX_ANSWER_BYTES } from './answer-reader.js';

/**
 * Makes axios carry texts as they are: its own transforms trim and re-parse JSON strings, and the server hashes exactly
 * what was sent. Every status is an answer; none is followed elsewhere.
 */
export const VERBATIM = {
  transformRequest: [(data: unknown) => data],
  transformResponse: [(data: unknown) => data],
  responseType: 'text',
  validateStatus: () => true,
  maxRedirects: 0,
  maxContentLength: MAX_ANSWER_BYTES,
} satisfies AxiosRequestConfig;
