import { validateHeaderName, validateHeaderValue } from 'node:http';
import { ValidateBy } from 'class-validator';

/** An object of header names and values that may be sent as they are: a wrong one would make every attempt fail. */
export function IsHttpHeaders(): PropertyDecorator {
  return ValidateBy({
    name: 'isHttpHeaders',
    validator: {
      validate: isHttpHeaders,
      defaultMessage: () => '$property must be an object of valid HTTP header names and text values',
    },
  });
}

function isHttpHeaders(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).every(([name, text]) => typeof text === 'string' && isValid(name, text));
}

function isValid(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
