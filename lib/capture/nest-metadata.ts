// Keys under which NestJS's own decorators keep what they are given. The same in 10, 11 and 12; written out, because the
// module that exports them is no part of the public API and a moved file must not keep an application from starting.

/** `@Controller('path')`, `@Get('path')`. */
export const PATH_METADATA = 'path';
/** `@Get()`, `@Post()` … */
export const METHOD_METADATA = 'method';
/** `@UseInterceptors()`. */
export const INTERCEPTORS_METADATA = '__interceptors__';
/** `@UseGuards()`. */
export const GUARDS_METADATA = '__guards__';
/** `@Sse()`. */
export const SSE_METADATA = '__sse__';
/** Of a controller and one of its methods: the parameters' decorators. */
export const ROUTE_ARGUMENTS_METADATA = '__routeArguments__';
/** Of a controller and one of its methods: `@Res({ passthrough: true })`. */
export const PASSTHROUGH_METADATA = '__responsePassthrough__';
/** What TypeScript notes of a decorated method with `emitDecoratorMetadata`. */
export const RETURN_TYPE_METADATA = 'design:returntype';
