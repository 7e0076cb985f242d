import { Body, Controller, Get, Header, HttpCode, Param, Post, Redirect, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { of } from 'rxjs';
import type { Observable } from 'rxjs';

/** What Express's response and Fastify's reply have in common, and where Fastify keeps the raw response. */
interface Reply {
  status(code: number): Reply;
  send(body: unknown): Reply;
  readonly raw?: ServerResponse;
  hijack?(): void;
}

/** Every way of answering well. */
@Controller()
export class AnswersController {
  @Get('sync')
  sync(): object {
    return { ok: true };
  }

  @Get('async')
  async async(): Promise<object> {
    return { ok: true };
  }

  @Get('obs')
  obs(): Observable<object> {
    return of({ ok: true });
  }

  @Get('users/:id')
  user(@Param('id') id: string): object {
    return { id };
  }

  @Get('res')
  res(@Res() reply: Reply): void {
    reply.status(202).send({ by: 'res' });
  }

  @Get('res-raw')
  resRaw(@Res() reply: Reply): void {
    reply.hijack?.();
    const raw = reply.raw ?? (reply as unknown as ServerResponse);
    raw.writeHead(207, { 'content-type': 'text/plain' });
    raw.end('by hand');
  }

  @Get('res-pass')
  resPass(@Res({ passthrough: true }) reply: Reply): object {
    reply.status(206);
    return { by: 'passthrough' };
  }

  @Get('redirect')
  @Redirect('/api/sync', 301)
  rd(): void {}

  @Get('redirect-dyn')
  @Redirect()
  rdd(): object {
    return { url: '/api/async', statusCode: 307 };
  }

  @Get('code')
  @HttpCode(202)
  code(): object {
    return { accepted: true };
  }

  @Post('created')
  created(@Body() body: object): object {
    return { got: body };
  }

  @Get('nocontent')
  @HttpCode(204)
  @Header('x-own', 'kept')
  nc(): void {}

  @Post('body')
  body(@Body() body: unknown): object {
    return { kind: typeof body };
  }
}

@Controller({ version: '2' })
export class VersionedController {
  @Get('versioned')
  v(): object {
    return { version: 2 };
  }
}
