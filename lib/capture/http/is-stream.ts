import { StreamableFile } from '@nestjs/common';

/** Whether what a handler returned goes out piece by piece. */
export function isStream(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof StreamableFile || value instanceof Response) return true;
  const { pipe, getReader } = value as { readonly pipe?: unknown; readonly getReader?: unknown };
  return typeof pipe === 'function' || typeof getReader === 'function';
}
