// Keys under which NestJS's own decorators keep what they are given. The same in 10, 11 and 12; written out, because the
// module that exports them is no part of the public API and a moved file must not keep an application from starting.

/** `@Controller('path')`, `@Get('path')`. */
export const PATH_METADATA = 'path';
/** `@Get()`, `@Post()` … */
export const METHOD_METADATA = 'method';
/** `@UseInterceptors()`. */
export const INTERCEPTORS_METADATA = '__interceptors__';
