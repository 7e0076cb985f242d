import type { ServerResponse } from 'node:http';
import { Body, Controller, ForbiddenException, Get, Param, ParseIntPipe, Post, Res, UseFilters } from '@nestjs/common';
import { IsInt } from 'class-validator';
import { throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { AsyncFilterError, CtrlError, DomainError, UseGlobalError } from './errors.js';
import { AsyncFilter, CtrlFilter } from './filters.js';

class Order {
  @IsInt()
  quantity!: number;
}

/** Every way of a handler, a pipe or an answer to fail. */
@Controller()
export class FailuresController {
  @Get('http-ex')
  httpEx(): never {
    throw new ForbiddenException('nope');
  }

  @Get('err')
  err(): never {
    throw new Error('boom');
  }

  @Get('nonerr')
  nonerr(): never {
    throw 'a string';
  }

  @Get('undef')
  undef(): never {
    throw undefined;
  }

  @Get('async-err')
  async asyncErr(): Promise<never> {
    throw new Error('aboom');
  }

  @Get('obs-err')
  obsErr(): Observable<never> {
    return throwError(() => new Error('oboom'));
  }

  @Get('domain')
  domain(): never {
    throw new DomainError('d');
  }

  @Get('use-global')
  useGlobal(): never {
    throw new UseGlobalError('g');
  }

  @Get('ctrl')
  @UseFilters(CtrlFilter)
  ctrl(): never {
    throw new CtrlError('c');
  }

  @Get('async-filter')
  @UseFilters(AsyncFilter)
  asyncFilter(): never {
    throw new AsyncFilterError('c');
  }

  @Post('validate')
  validate(@Body() order: Order): object {
    return order;
  }

  @Get('pipe/:id')
  pipe(@Param('id', ParseIntPipe) id: number): object {
    return { id };
  }

  @Get('circular')
  circular(): object {
    const loop: { self?: object } = {};
    loop.self = loop;
    return loop;
  }

  @Get('bigint')
  bigint(): object {
    return { amount: 10n };
  }

  @Get('bad-header')
  badHeader(@Res({ passthrough: true }) reply: ServerResponse & { raw?: ServerResponse }): object {
    (reply.raw ?? reply).setHeader('x-bad', 'line\nbreak');
    return {};
  }

  @Get('double')
  double(@Res() reply: { send(body: unknown): void }): never {
    reply.send({ sent: true });
    throw new Error('after-send');
  }
}
