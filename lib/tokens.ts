/** The options as given to `forRoot()` or made by `forRootAsync()`. */
export const IMMUTABLE_LOG_OPTIONS = Symbol('IMMUTABLE_LOG_OPTIONS');

/** The options as they hold: complete, validated, frozen. */
export const RESOLVED_OPTIONS = Symbol('RESOLVED_OPTIONS');
