import { ValidateBy } from 'class-validator';

/** The value is a function. */
export function IsFunction(): PropertyDecorator {
  return ValidateBy({
    name: 'isFunction',
    validator: {
      validate: (value) => typeof value === 'function',
      defaultMessage: () => '$property must be a function',
    },
  });
}

/** The value is a string or a regular expression; used with `each`. */
export function IsStringOrRegExp(): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isStringOrRegExp',
      validator: {
        validate: (value) => (typeof value === 'string' && value !== '') || value instanceof RegExp,
        defaultMessage: () => 'each value in $property must be a path, a glob or a RegExp',
      },
    },
    { each: true },
  );
}

/**
 * The value is the path of a file. SQLite keeps `:memory:` in memory, and takes no blanks at the ends: the database would
 * be elsewhere than what lies beside it.
 */
export function IsFilePath(): PropertyDecorator {
  return ValidateBy({
    name: 'isFilePath',
    validator: {
      validate: (value) =>
        typeof value === 'string' && value.length <= 4_096 && /^(?!:memory:$)[^\s\0]([^\0]*[^\s\0])?$/.test(value),
      defaultMessage: () => '$property must be the path of a file, without blanks at its ends',
    },
  });
}

/** The value is an absolute http or https URL without credentials in it. */
export function IsEndpointUrl(): PropertyDecorator {
  return ValidateBy({
    name: 'isEndpointUrl',
    validator: {
      validate: isEndpointUrl,
      defaultMessage: () => '$property must be an absolute http or https URL without user, password or query',
    },
  });
}

function isEndpointUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '';
}
