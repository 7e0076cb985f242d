import { get, postJson } from './matrix-case.js';
import type { ExpectedEvent, MatrixCase } from './matrix-case.js';

const failed = (status: number, route: string, method: string): ExpectedEvent => ({
  status,
  outcome: 'failure',
  route,
  handler: `FailuresController.${method}`,
  state: 'error',
});

const error = (exception: string, messageStart: string) => ({ error: { exception, messageStart } });

/** Handlers, pipes and answers that fail. */
export const failureCases: readonly MatrixCase[] = [
  {
    name: 'throw HttpException',
    request: get('/api/http-ex'),
    client: '403',
    event: { ...failed(403, '/api/http-ex', 'httpEx'), outcome: 'denied', ...error('ForbiddenException', 'nope') },
  },
  {
    name: 'throw Error',
    request: get('/api/err'),
    client: '500',
    event: { ...failed(500, '/api/err', 'err'), ...error('Error', 'boom') },
  },
  {
    name: 'throw non-Error',
    request: get('/api/nonerr'),
    client: '500',
    event: { ...failed(500, '/api/nonerr', 'nonerr'), ...error('String', 'a string') },
  },
  {
    name: 'throw undefined',
    request: get('/api/undef'),
    client: '500',
    event: { ...failed(500, '/api/undef', 'undef'), ...error('undefined', 'undefined') },
  },
  {
    name: 'async Error',
    request: get('/api/async-err'),
    client: '500',
    event: { ...failed(500, '/api/async-err', 'asyncErr'), ...error('Error', 'aboom') },
  },
  {
    name: 'Observable error',
    request: get('/api/obs-err'),
    client: '500',
    event: { ...failed(500, '/api/obs-err', 'obsErr'), ...error('Error', 'oboom') },
  },
  {
    name: 'DomainErr->APP_FILTER',
    request: get('/api/domain'),
    client: '422',
    event: { ...failed(422, '/api/domain', 'domain'), ...error('DomainError', 'd') },
  },
  {
    name: 'Err->useGlobalFilters',
    request: get('/api/use-global'),
    client: '409',
    event: { ...failed(409, '/api/use-global', 'useGlobal'), ...error('UseGlobalError', 'g') },
  },
  {
    name: 'Err->ctrl filter',
    request: get('/api/ctrl'),
    client: '418',
    event: { ...failed(418, '/api/ctrl', 'ctrl'), ...error('CtrlError', 'c') },
  },
  {
    name: 'Err->async filter',
    request: get('/api/async-filter'),
    client: '423',
    event: { ...failed(423, '/api/async-filter', 'asyncFilter'), ...error('AsyncFilterError', 'c') },
  },
  {
    name: 'ValidationPipe',
    request: postJson('/api/validate', '{"quantity":"many"}'),
    client: '400',
    event: { ...failed(400, '/api/validate', 'validate'), ...error('BadRequestException', 'Bad Request Exception') },
  },
  {
    name: 'ParseIntPipe',
    request: get('/api/pipe/seven'),
    client: '400',
    event: { ...failed(400, '/api/pipe/:id', 'pipe'), ...error('BadRequestException', 'Validation failed (numeric') },
  },
  {
    name: 'serialize circular',
    request: get('/api/circular'),
    client: '500',
    event: {
      ...failed(500, '/api/circular', 'circular'),
      state: 'done',
      ...error('TypeError', 'Converting circular struct'),
    },
  },
  {
    name: 'serialize bigint',
    request: get('/api/bigint'),
    client: '500',
    event: {
      ...failed(500, '/api/bigint', 'bigint'),
      state: 'done',
      ...error('TypeError', 'Do not know how to seriali'),
    },
  },
  {
    name: 'bad header',
    request: get('/api/bad-header'),
    client: '500',
    event: { ...failed(500, '/api/bad-header', 'badHeader'), ...error('TypeError', 'Invalid character in heade') },
  },
  {
    name: 'throw after send',
    request: get('/api/double'),
    client: '200',
    event: { ...failed(200, '/api/double', 'double'), ...error('Error', 'after-send') },
  },
  {
    name: 'request-scoped domain',
    request: get('/api/rs/err'),
    client: '422',
    event: {
      ...failed(422, '/api/rs/err', ''),
      handler: 'RequestScopedController.err',
      ...error('DomainError', 'rs'),
    },
  },
];
