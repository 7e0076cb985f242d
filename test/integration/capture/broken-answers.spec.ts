import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Res } from '@nestjs/common';
import { once } from 'node:events';
import { get, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { AuditEvent } from 'nestjs-immutable-log';
import { AuditedApp } from '../../support/audited-app.js';
import { nestMajor, platforms } from '../../support/platforms.js';

type AnyReply = ServerResponse & { readonly raw?: ServerResponse; hijack?(): void };

function rawOf(reply: AnyReply): ServerResponse {
  reply.hijack?.();
  return reply.raw ?? reply;
}

async function* rows(): AsyncGenerator<string> {
  yield 'first';
  await pause(20);
  throw new Error('database gone');
}

async function* endless(): AsyncGenerator<string> {
  for (;;) {
    yield 'row';
    await pause(1);
  }
}

@Controller()
@AuditEvent({ kind: 'info' })
class ExportsController {
  @Get('rejects')
  rejects(@Res() reply: AnyReply): Promise<void> {
    return pipeline(Readable.from(rows()), rawOf(reply));
  }

  @Get('catches')
  catches(@Res() reply: AnyReply): Promise<void> {
    return pipeline(Readable.from(rows()), rawOf(reply)).catch(() => undefined);
  }

  @Get('cuts')
  async cuts(@Res() reply: AnyReply): Promise<void> {
    const raw = rawOf(reply);
    raw.write('first');
    await pause(20);
    raw.destroy();
  }

  @Get('cuts-before')
  cutsBefore(@Res() reply: AnyReply): void {
    rawOf(reply).destroy(new Error('no answer'));
  }

  @Get('returns')
  returns(): Readable {
    return Readable.from(rows(), { objectMode: false });
  }

  @Get('endless')
  endless(@Res() reply: AnyReply): Promise<void> {
    return pipeline(Readable.from(endless()), rawOf(reply));
  }
}

describe.each(platforms)('answers that break off on $name', (platform) => {
  let audited: AuditedApp;
  afterEach(() => audited.close());
  const start = async () => {
    audited = await AuditedApp.start(platform, { controllers: [ExportsController] });
  };

  // Express on NestJS 11 writes a stream that is returned out as an object.
  const streamsReturned = platform.name === 'fastify' || nestMajor > 11;

  it.each([
    ['rejects', 200, 'database gone'],
    ['catches', 200, 'database gone'],
    ['cuts', 200, undefined],
    ['cuts-before', 499, 'no answer'],
    ...(streamsReturned ? ([['returns', 200, 'database gone']] as const) : []),
  ] as const)('are failures of the application, where it %s', async (path, status, message) => {
    await start();
    const answer = audited.fetch(`/${path}`).then((response) => response.text());
    await expect(answer).rejects.toThrow();
    const { event } = await audited.onlyEvent();
    expect(event).toMatchObject({ kind: 'error', outcome: 'failure', metrics: { status_code: status } });
    expect(event.error?.exception_message).toBe(message);
  });

  it('are aborted, where the client leaves', async () => {
    await start();
    const request = get(`${audited.url}/endless`);
    request.on('error', () => undefined);
    const [response] = (await once(request, 'response')) as [Readable];
    response.on('error', () => undefined);
    await once(response, 'data');
    request.destroy();
    await pause(50);
    expect((await audited.onlyEvent()).event).toMatchObject({ outcome: 'aborted', metrics: { status_code: 200 } });
  });
});
