import { BODY_LIMIT_BYTES } from './matrix-app.js';
import { get, postJson } from './matrix-case.js';
import type { ExpectedEvent, MatrixCase } from './matrix-case.js';

const unrouted = (status: number): ExpectedEvent => ({
  status,
  outcome: status < 400 ? 'success' : 'failure',
  state: 'none',
});

/** Fastify knows the route before it reads the body. */
const beforeBody = (status: number): ExpectedEvent => ({
  ...unrouted(status),
  route: '/api/body',
  handler: 'AnswersController.body',
});

const error = (exception: string, messageStart: string) => ({ error: { exception, messageStart } });

/** Nest 12 leaves paths outside of the global prefix to Express itself. */
const notFoundByNest: ExpectedEvent = { ...unrouted(404), ...error('NotFoundException', 'Cannot GET /nope') };

/** What the platform decides before any code of the application, or instead of it. */
export const protocolCases: readonly MatrixCase[] = [
  {
    name: 'malformed JSON',
    request: postJson('/api/body', '{"a":'),
    client: '400',
    event: { ...unrouted(400), ...error('BadRequestException', 'Unexpected end of JSON inp') },
    fastify: { event: { ...beforeBody(400), ...error('HttpException', 'Body is not valid JSON') } },
  },
  {
    name: 'body too large',
    request: postJson('/api/body', JSON.stringify({ long: 'x'.repeat(2 * BODY_LIMIT_BYTES) })),
    client: '413',
    event: { ...unrouted(413), ...error('HttpException', 'request entity too large') },
    fastify: { event: { ...beforeBody(413), ...error('HttpException', 'Request body is too large') } },
    expressOnNest11: { event: { ...unrouted(413), ...error('PayloadTooLargeError', 'request entity too large') } },
  },
  {
    name: 'unsupported media',
    request: { method: 'POST', path: '/api/body', headers: { 'content-type': 'application/xml' }, body: '<a/>' },
    client: '201',
    event: { ...beforeBody(201), state: 'done' },
    fastify: { client: '415', event: { ...beforeBody(415), ...error('HttpException', 'Unsupported Media Type') } },
  },
  {
    name: '404',
    request: get('/api/nope'),
    client: '404',
    event: { ...unrouted(404), ...error('NotFoundException', 'Cannot GET /api/nope') },
  },
  {
    name: '404 outside prefix',
    request: get('/nope'),
    client: '404',
    event: unrouted(404),
    fastify: { event: notFoundByNest },
    expressOnNest11: { event: notFoundByNest },
  },
  {
    name: 'wrong method',
    request: { method: 'DELETE', path: '/api/sync' },
    client: '404',
    event: { ...unrouted(404), ...error('NotFoundException', 'Cannot DELETE /api/sync') },
  },
  {
    name: 'bad URL enc',
    request: get('/api/users/%E0%A4%A'),
    client: '400',
    event: { ...unrouted(400), ...error('BadRequestException', "Failed to decode param '%E") },
    fastify: { event: unrouted(400) },
  },
  {
    name: 'OPTIONS',
    request: { method: 'OPTIONS', path: '/api/sync' },
    client: '204',
    event: unrouted(204),
    fastify: { client: '400', event: unrouted(400) },
  },
  {
    name: 'CORS preflight',
    request: {
      method: 'OPTIONS',
      path: '/api/sync',
      headers: { origin: 'http://shop.example', 'access-control-request-method': 'GET' },
    },
    client: '204',
    event: unrouted(204),
  },
];
