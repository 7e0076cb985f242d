import { Catch } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { OutOfStockError } from './out-of-stock.error.js';

@Catch(OutOfStockError)
export class OutOfStockFilter implements ExceptionFilter<OutOfStockError> {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: OutOfStockError, host: ArgumentsHost): void {
    const body = { statusCode: 409, message: error.message, sku: error.sku };
    this.adapterHost.httpAdapter.reply(host.switchToHttp().getResponse(), body, 409);
  }
}
