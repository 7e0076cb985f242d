import { setImmediate as nextTurn } from 'node:timers/promises';
import { Catch, HttpException, Inject, Injectable } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AsyncFilterError, CtrlError, DomainError, UseGlobalError } from './errors.js';

/** Answers through the adapter: on Fastify, middleware that throws leaves filters with the raw response. */
@Injectable()
class Answer {
  constructor(@Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost) {}

  protected answer(error: unknown, host: ArgumentsHost, status: number): void {
    const body = { answeredBy: this.constructor.name, message: error instanceof Error ? error.message : String(error) };
    this.adapterHost.httpAdapter.reply(host.switchToHttp().getResponse(), body, status);
  }
}

/** The user's `APP_FILTER`. */
@Catch(DomainError)
export class DomainFilter extends Answer implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    this.answer(error, host, 422);
  }
}

/** Given to `app.useGlobalFilters()`. */
@Catch(UseGlobalError)
export class UseGlobalFilter extends Answer implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    this.answer(error, host, 409);
  }
}

/** Bound to a controller's method. */
@Catch(CtrlError)
export class CtrlFilter extends Answer implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    this.answer(error, host, 418);
  }
}

/** Answers later than it returns. */
@Catch(AsyncFilterError)
export class AsyncFilter extends Answer implements ExceptionFilter {
  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    await nextTurn();
    this.answer(error, host, 423);
  }
}

/** The catch-all that many applications have. It answers without asking whether an answer has gone out already. */
@Catch()
export class CatchAllFilter extends Answer implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    this.answer(error, host, error instanceof HttpException ? error.getStatus() : 500);
  }
}
