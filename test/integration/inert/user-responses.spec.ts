import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Post, StreamableFile, type DynamicModule } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { listen, platforms, type Platform } from '../../support/platforms.js';
import { answerOf, withAndWithout, type Answer } from '../../support/with-and-without.js';

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
type AnyFunction = (...args: unknown[]) => unknown;

const LARGE = { rows: Array.from({ length: 6_000 }, (_, id) => ({ id, name: `row ${String(id)}` })) };

@Controller()
class AnswersController {
  @Get('small')
  small(): object {
    return { small: true };
  }

  @Get('large')
  large(): object {
    return LARGE;
  }

  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(Readable.from([Buffer.alloc(50_000, 'a'), Buffer.alloc(50_000, 'b')]), {
      length: 100_000,
    });
  }

  @Post('none')
  none(): void {}
}

/** As on-headers does: something is added at the last moment. */
const addsAHeader: Middleware = (_request, response, next) => {
  const writeHead = response.writeHead.bind(response) as AnyFunction;
  response.writeHead = ((...args: unknown[]) => {
    response.setHeader('x-late', 'added');
    return writeHead(...args);
  }) as typeof response.writeHead;
  next();
};

/** Another status goes to the wire than the platform meant. */
const changesTheStatus: Middleware = (_request, response, next) => {
  const writeHead = response.writeHead.bind(response) as AnyFunction;
  response.writeHead = ((status: number, ...rest: unknown[]) =>
    writeHead(status === 200 ? 207 : status, ...rest)) as typeof response.writeHead;
  next();
};

/** The head is written before the handler runs. */
const answersEarly: Middleware = (request, response, next) => {
  if (request.url !== '/small') return next();
  response.writeHead(203, 'By Middleware', { 'content-type': 'text/plain' });
  response.write('by ');
  response.end('middleware');
};

/** As compression does: keeps what is written and sends it as something else. */
const compresses: Middleware = (_request, response, next) => {
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as Uint8Array));
  };
  const end = response.end.bind(response) as AnyFunction;
  const writeHead = response.writeHead.bind(response) as AnyFunction;
  let head: unknown[] | undefined;
  response.writeHead = (...args: unknown[]) => {
    head = args;
    return response;
  };
  response.write = ((chunk: unknown, ...rest: unknown[]) => {
    keep(chunk);
    const written = rest.at(-1);
    if (typeof written === 'function') setImmediate(written as () => void);
    return true;
  }) as typeof response.write;
  response.end = ((chunk: unknown) => {
    keep(chunk);
    const body = gzipSync(Buffer.concat(chunks));
    const [status, ...rest] = head ?? [response.statusCode];
    const given = Object.fromEntries(
      Object.entries(rest.at(-1) ?? {}).filter(([name]) => name.toLowerCase() !== 'content-length'),
    );
    response.removeHeader('content-length');
    response.setHeader('content-encoding', 'gzip');
    response.setHeader('content-length', body.length);
    writeHead(status, given);
    return end(body);
  }) as typeof response.end;
  next();
};

const middleware: readonly (readonly [string, Middleware, readonly number[]])[] = [
  ['adds a header at the last moment', addsAHeader, [200, 200, 200, 201, 404]],
  ['changes the status in writeHead()', changesTheStatus, [207, 207, 207, 201, 404]],
  ['answers by writeHead(), write() and end()', answersEarly, [203, 200, 200, 201, 404]],
  ['replaces write() and end() as compression does', compresses, [200, 200, 200, 201, 404]],
];

const requests = [
  ['GET', '/small'],
  ['GET', '/large'],
  ['GET', '/file'],
  ['POST', '/none'],
  ['GET', '/nothing'],
] as const;

describe.each(platforms)("the user's middleware on $name", (platform) => {
  it.each(middleware)(
    '%s: answers as without the module, and that status is recorded',
    async (_name, wrap, statuses) => {
      for (const responseBody of ['never', 'always'] as const) {
        const compared = await withAndWithout((audit) => ask(platform, wrap, audit), { capture: { responseBody } });
        expect(compared.with).toEqual(compared.without);
        expect(compared.without.map(({ status }) => status)).toEqual(statuses);
        expect(compared.events.map(({ event }) => event.metrics?.status_code)).toEqual(statuses);
      }
    },
  );

  it('leaves of a compressed response body the hash of the bytes on the wire', async () => {
    const { events } = await withAndWithout((audit) => ask(platform, compresses, audit), {
      capture: { responseBody: 'always' },
    });
    const wire = gzipSync(Buffer.from('{"small":true}'));
    expect(gunzipSync(wire).toString()).toBe('{"small":true}');
    expect(events[0]?.event['response']).toEqual({ body_hash: createHash('sha256').update(wire).digest('hex') });
  });
});

async function ask(platform: Platform, wrap: Middleware, imports: DynamicModule[]): Promise<Answer[]> {
  @Module({ controllers: [AnswersController], imports })
  class AppModule {}
  const app = await platform.create(AppModule);
  app.use(wrap);
  try {
    const url = `http://127.0.0.1:${String(await listen(app))}`;
    const answers: Answer[] = [];
    for (const [method, path] of requests) answers.push(await answerOf(await fetch(url + path, { method })));
    return answers;
  } finally {
    await app.close();
  }
}
