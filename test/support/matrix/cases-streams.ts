import { get } from './matrix-case.js';
import type { ExpectedEvent, MatrixCase } from './matrix-case.js';

const streamed = (status: number, route: string, method: string): ExpectedEvent => ({
  status,
  outcome: 'success',
  route,
  handler: `StreamsController.${method}`,
  state: 'done',
});

const error = (exception: string, messageStart: string) => ({ error: { exception, messageStart } });

const failsEarly = (status: number): ExpectedEvent => ({
  ...streamed(status, '/api/file-err', 'fileErr'),
  outcome: 'failure',
  ...error('Error', 'stream-early'),
});

/** Files and server-sent events. */
export const streamCases: readonly MatrixCase[] = [
  { name: 'StreamableFile', request: get('/api/file'), client: '200', event: streamed(200, '/api/file', 'file') },
  {
    name: 'StreamableFile err early',
    request: get('/api/file-err'),
    client: '400',
    event: failsEarly(400),
    fastify: { client: '500', event: failsEarly(500) },
  },
  {
    name: 'StreamableFile err late',
    request: get('/api/file-err-late'),
    client: '200 cut',
    event: {
      ...streamed(200, '/api/file-err-late', 'fileErrLate'),
      outcome: 'failure',
      ...error('Error', 'stream-late'),
    },
  },
  { name: 'SSE', request: get('/api/sse'), client: '200', event: streamed(200, '/api/sse', 'sse') },
  {
    name: 'SSE error late',
    request: get('/api/sse-err'),
    client: '200',
    event: {
      ...streamed(200, '/api/sse-err', 'sseErr'),
      outcome: 'failure',
      state: 'error',
      ...error('Error', 'sse-late'),
    },
  },
  {
    name: 'SSE error early',
    request: get('/api/sse-err-early'),
    client: '403',
    event: {
      ...streamed(403, '/api/sse-err-early', 'sseErrE'),
      outcome: 'denied',
      state: 'error',
      ...error('ForbiddenException', 'sse-early'),
    },
  },
  {
    name: 'SSE client abort',
    request: get('/api/sse-inf', { leaves: 'after the first bytes' }),
    client: '200 cut',
    event: { ...streamed(200, '/api/sse-inf', 'sseInf'), outcome: 'aborted', state: 'cancelled' },
  },
];
