import { get, postJson } from './matrix-case.js';
import type { MatrixCase } from './matrix-case.js';

const answered = (status: number, route: string, method: string): MatrixCase['event'] => ({
  status,
  outcome: 'success',
  route,
  handler: `AnswersController.${method}`,
  state: 'done',
});

/** Requests that end well. */
export const answerCases: readonly MatrixCase[] = [
  { name: 'sync', request: get('/api/sync'), client: '200', event: answered(200, '/api/sync', 'sync') },
  { name: 'async', request: get('/api/async'), client: '200', event: answered(200, '/api/async', 'async') },
  { name: 'observable', request: get('/api/obs'), client: '200', event: answered(200, '/api/obs', 'obs') },
  { name: 'param', request: get('/api/users/7'), client: '200', event: answered(200, '/api/users/:id', 'user') },
  { name: '@Res()', request: get('/api/res'), client: '202', event: answered(202, '/api/res', 'res') },
  {
    name: '@Res() raw/hijack',
    request: get('/api/res-raw'),
    client: '207',
    event: answered(207, '/api/res-raw', 'resRaw'),
  },
  {
    name: '@Res passthrough',
    request: get('/api/res-pass'),
    client: '206',
    event: answered(206, '/api/res-pass', 'resPass'),
  },
  { name: '@Redirect', request: get('/api/redirect'), client: '301', event: answered(301, '/api/redirect', 'rd') },
  {
    name: '@Redirect dynamic',
    request: get('/api/redirect-dyn'),
    client: '307',
    event: answered(307, '/api/redirect-dyn', 'rdd'),
  },
  {
    name: 'versioned',
    request: get('/api/v2/versioned'),
    client: '200',
    event: { ...answered(200, '/api/v2/versioned', ''), handler: 'VersionedController.v' },
  },
  { name: '@HttpCode 202', request: get('/api/code'), client: '202', event: answered(202, '/api/code', 'code') },
  {
    name: 'POST 201',
    request: postJson('/api/created', '{"some":"thing"}'),
    client: '201',
    event: answered(201, '/api/created', 'created'),
  },
  { name: '204', request: get('/api/nocontent'), client: '204', event: answered(204, '/api/nocontent', 'nc') },
  {
    name: 'HEAD',
    request: { method: 'HEAD', path: '/api/sync' },
    client: '200',
    event: answered(200, '/api/sync', 'sync'),
  },
  {
    name: 'request-scoped ok',
    request: get('/api/rs/ok'),
    client: '200',
    event: { ...answered(200, '/api/rs/ok', ''), handler: 'RequestScopedController.ok' },
  },
  ...['Apples', 'Pears'].map((fruit) => ({
    name: `inherited ${fruit}`,
    request: get(`/api/${fruit.toLowerCase()}/list`),
    client: '200',
    event: { ...answered(200, `/api/${fruit.toLowerCase()}/list`, ''), handler: `${fruit}Controller.list` },
  })),
];
