import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Controller, ForbiddenException, Get, Req, Sse, StreamableFile } from '@nestjs/common';
import type { MessageEvent } from '@nestjs/common';
import { NEVER, concat, from, interval, map, throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { announceArrival, rawRequest } from './arrivals.js';
import type { AnyRequest } from './arrivals.js';

const messages = (): Observable<MessageEvent> => from([{ data: 'one' }, { data: 'two' }]);

async function* failsLate(): AsyncGenerator<Buffer> {
  yield Buffer.from('the first part');
  // The first part must be on the wire before the failure: what the client sees is a cut answer.
  await pause(20);
  throw new Error('stream-late');
}

/** Answers that take a while: files, server-sent events. */
@Controller()
export class StreamsController {
  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(Buffer.from('a file'));
  }

  @Get('file-err')
  fileErr(): StreamableFile {
    return new StreamableFile(
      new Readable({
        read() {
          this.destroy(new Error('stream-early'));
        },
      }),
    );
  }

  @Get('file-err-late')
  fileErrLate(): StreamableFile {
    return new StreamableFile(Readable.from(failsLate(), { objectMode: false }));
  }

  @Sse('sse')
  sse(): Observable<MessageEvent> {
    return messages();
  }

  @Sse('sse-err')
  sseErr(): Observable<MessageEvent> {
    return concat(
      messages(),
      throwError(() => new Error('sse-late')),
    );
  }

  @Sse('sse-err-early')
  sseErrE(): Observable<MessageEvent> {
    return throwError(() => new ForbiddenException('sse-early'));
  }

  @Sse('sse-inf')
  sseInf(): Observable<MessageEvent> {
    return interval(10).pipe(map((count) => ({ data: String(count) })));
  }
}

/** Handlers whose clients do not stay until the end. */
@Controller()
export class DeparturesController {
  @Get('slow')
  async slow(@Req() request: AnyRequest): Promise<object> {
    await this.clientLeaves(request);
    return { too: 'late' };
  }

  @Get('slow-err')
  async slowErr(@Req() request: AnyRequest): Promise<never> {
    await this.clientLeaves(request);
    throw new ForbiddenException('late');
  }

  /** More than the buffers of a connection hold. */
  @Get('big')
  big(): string {
    return 'x'.repeat(16 * 1024 * 1024);
  }

  @Get('big-file')
  bigFile(): StreamableFile {
    return new StreamableFile(
      new Readable({
        read() {
          this.push(Buffer.alloc(64 * 1024));
        },
      }),
    );
  }

  @Get('hang')
  hang(@Req() request: AnyRequest): Promise<never> {
    announceArrival(request);
    return new Promise(() => undefined);
  }

  /** NestJS unsubscribes from it when the client has gone. */
  @Get('hang-obs')
  hangObs(@Req() request: AnyRequest): Observable<never> {
    announceArrival(request);
    return NEVER;
  }

  /** Returns a while after the client has gone, as a handler does that nobody tells. */
  private async clientLeaves(request: AnyRequest): Promise<void> {
    const closed = once(rawRequest(request).socket, 'close');
    announceArrival(request);
    await closed;
    await pause(20);
  }
}
