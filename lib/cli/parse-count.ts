import { InvalidArgumentError } from 'commander';
import { parseDecimal } from '../ledger/encoding/decimal.js';

/** For commander: a number that counts something. */
export function parseCount(text: string): number {
  const value = parseDecimal(text);
  if (value === undefined) throw new InvalidArgumentError('It is not a number.');
  return value;
}

export function parsePort(text: string): number {
  const port = parseCount(text);
  if (port > 65_535) throw new InvalidArgumentError('A port is 0 to 65535.');
  return port;
}
