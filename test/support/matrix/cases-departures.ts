import { get, postJson } from './matrix-case.js';
import type { ExpectedEvent, MatrixCase } from './matrix-case.js';

const departed = (status: number, route: string, method: string): ExpectedEvent => ({
  status,
  outcome: 'aborted',
  route,
  handler: `DeparturesController.${method}`,
  state: 'done',
});

const uploadCut = (exception: string): ExpectedEvent => ({
  status: 400,
  outcome: 'aborted',
  state: 'none',
  error: { exception, messageStart: 'request aborted' },
});

/** Clients that leave before the end. */
export const departureCases: readonly MatrixCase[] = [
  {
    name: 'abort before response',
    request: get('/api/slow', { leaves: 'once handled' }),
    client: 'nothing',
    event: departed(499, '/api/slow', 'slow'),
  },
  {
    name: 'abort then handler throws',
    request: get('/api/slow-err', { leaves: 'once handled' }),
    client: 'nothing',
    event: {
      ...departed(499, '/api/slow-err', 'slowErr'),
      state: 'error',
      error: { exception: 'ForbiddenException', messageStart: 'late' },
    },
  },
  {
    name: 'abort mid-response',
    request: get('/api/big', { leaves: 'after the first bytes' }),
    client: '200 cut',
    event: departed(200, '/api/big', 'big'),
  },
  {
    name: 'abort mid-file',
    request: get('/api/big-file', { leaves: 'after the first bytes' }),
    client: '200 cut',
    event: departed(200, '/api/big-file', 'bigFile'),
  },
  {
    name: 'abort mid-upload',
    request: postJson('/api/body', '{"never":', { headers: { 'content-length': '1000' }, leaves: 'while uploading' }),
    client: 'nothing',
    event: uploadCut('HttpException'),
    expressOnNest11: { event: uploadCut('BadRequestError'), caughtAllStatus: 500 },
    fastify: {
      event: {
        ...departed(499, '/api/body', ''),
        handler: 'AnswersController.body',
        state: 'none',
        error: { exception: 'Error', messageStart: 'aborted' },
      },
    },
  },
  {
    name: 'never ends (client gives up)',
    request: get('/api/hang', { leaves: 'once handled' }),
    client: 'nothing',
    event: { ...departed(499, '/api/hang', 'hang'), outcome: 'incomplete', state: 'running' },
  },
  {
    name: 'Observable never ends (client gives up)',
    request: get('/api/hang-obs', { leaves: 'once handled' }),
    client: 'nothing',
    event: { ...departed(499, '/api/hang-obs', 'hangObs'), state: 'cancelled' },
  },
];
