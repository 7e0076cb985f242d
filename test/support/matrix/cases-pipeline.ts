import { get } from './matrix-case.js';
import type { ExpectedEvent, MatrixCase } from './matrix-case.js';

const error = (exception: string, messageStart: string) => ({ error: { exception, messageStart } });

const guarded = (status: number, route: string, method: string): ExpectedEvent => ({
  status,
  outcome: status === 422 ? 'failure' : 'denied',
  route,
  handler: `PipelineController.${method}`,
  state: 'none',
});

const intercepted = (status: number, route: string, method: string): ExpectedEvent => ({
  status,
  outcome: status === 200 ? 'success' : 'failure',
  route,
  handler: `PipelineController.${method}`,
  state: status === 200 ? 'done' : 'error',
});

/** No route is registered for what middleware ends. */
const inMiddleware = (status: number): ExpectedEvent => ({
  status,
  outcome: status === 422 ? 'failure' : 'denied',
  state: 'none',
});

/** Guards, middleware and interceptors that end the request themselves. */
export const pipelineCases: readonly MatrixCase[] = [
  {
    name: 'guard false',
    request: get('/api/guard-false'),
    client: '403',
    event: { ...guarded(403, '/api/guard-false', 'gf'), ...error('ForbiddenException', 'Forbidden resource') },
  },
  {
    name: 'guard throws 401',
    request: get('/api/guard-throw'),
    client: '401',
    event: { ...guarded(401, '/api/guard-throw', 'gt'), ...error('UnauthorizedException', 'no token') },
  },
  {
    name: 'guard throws Domain',
    request: get('/api/guard-domain'),
    client: '422',
    event: { ...guarded(422, '/api/guard-domain', 'gd'), ...error('DomainError', 'guard domain') },
  },
  {
    name: 'request-scoped guard',
    request: get('/api/rs/guard'),
    client: '401',
    event: {
      ...guarded(401, '/api/rs/guard', ''),
      handler: 'RequestScopedController.g',
      ...error('UnauthorizedException', 'no token'),
    },
  },
  ...['Apples', 'Pears'].map((fruit) => ({
    name: `inherited guard ${fruit}`,
    request: get(`/api/${fruit.toLowerCase()}/secret`),
    client: '401',
    event: {
      ...guarded(401, `/api/${fruit.toLowerCase()}/secret`, ''),
      handler: `${fruit}Controller.secret`,
      ...error('UnauthorizedException', 'no token'),
    },
  })),
  {
    name: 'mw throws',
    request: get('/api/mw-throw'),
    client: '422',
    event: { ...inMiddleware(422), ...error('DomainError', 'mw') },
  },
  {
    name: 'mw next(err)',
    request: get('/api/mw-next'),
    client: '403',
    event: { ...inMiddleware(403), ...error('ForbiddenException', 'mw-next') },
  },
  { name: 'mw ends res', request: get('/api/mw-end'), client: '401', event: inMiddleware(401) },
  {
    name: 'icpt inner throws before',
    request: get('/api/icpt-before'),
    client: '500',
    event: { ...intercepted(500, '/api/icpt-before', 'ib'), ...error('Error', 'icpt-before') },
  },
  {
    name: 'icpt inner throws after',
    request: get('/api/icpt-after'),
    client: '500',
    event: { ...intercepted(500, '/api/icpt-after', 'ia'), ...error('Error', 'icpt-after') },
  },
  {
    name: 'icpt inner maps err',
    request: get('/api/icpt-map'),
    client: '400',
    event: { ...intercepted(400, '/api/icpt-map', 'im'), ...error('BadRequestException', 'mapped') },
  },
  {
    name: 'icpt inner recovers',
    request: get('/api/icpt-recover'),
    client: '200',
    event: intercepted(200, '/api/icpt-recover', 'ir'),
  },
  {
    name: 'icpt inner cache hit',
    request: get('/api/icpt-cache'),
    client: '200',
    event: intercepted(200, '/api/icpt-cache', 'ic'),
  },
  {
    name: 'icpt timeout 408',
    request: get('/api/timeout'),
    client: '408',
    event: { ...intercepted(408, '/api/timeout', 'to'), ...error('HttpException', 'timeout') },
  },
  {
    name: 'icpt OUTER throws before',
    request: get('/api/outer-before'),
    client: '422',
    event: { ...intercepted(422, '/api/outer-before', 'ob'), state: 'none', ...error('DomainError', 'outer-before') },
  },
  {
    name: 'icpt OUTER throws after',
    request: get('/api/outer-after'),
    client: '422',
    event: {
      ...intercepted(422, '/api/outer-after', 'oa'),
      state: 'cancelled',
      ...error('DomainError', 'outer-after'),
    },
  },
];
