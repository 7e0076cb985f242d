import { Controller, Get, NotFoundException, Param, Redirect, Sse, StreamableFile, UseGuards } from '@nestjs/common';
import type { MessageEvent } from '@nestjs/common';
import { Readable } from 'node:stream';
import { concat, from, map } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Account } from '../auth/accounts.js';
import { BearerGuard } from '../auth/bearer.guard.js';
import { CurrentUser } from '../auth/current-user.decorator.js';
import { OrdersService } from './orders.service.js';
import type { Order } from './orders.service.js';

@Controller('orders')
@UseGuards(BearerGuard)
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Get('latest')
  @Redirect()
  latest(@CurrentUser() customer: Account): { url: string; statusCode: number } {
    const order = this.orders.latestOf(customer.id);
    if (!order) throw new NotFoundException('No order yet');
    return { url: `/orders/${order.id}`, statusCode: 302 };
  }

  /** Server-sent events: the orders so far. */
  @Sse('history')
  history(@CurrentUser() customer: Account): Observable<MessageEvent> {
    return from(this.orders.all().filter((order) => order.customerId === customer.id)).pipe(map((data) => ({ data })));
  }

  /** Server-sent events: the orders so far and all that come, until the client has enough. */
  @Sse('live')
  live(): Observable<MessageEvent> {
    return concat(from(this.orders.all()), this.orders.watch()).pipe(map((data) => ({ data })));
  }

  @Get(':id')
  one(@Param('id') id: string, @CurrentUser() customer: Account): Order {
    const order = this.orders.find(id);
    if (order?.customerId !== customer.id) throw new NotFoundException(`No order ${id}`);
    return order;
  }

  @Get(':id/invoice')
  invoice(@Param('id') id: string, @CurrentUser() customer: Account): StreamableFile {
    const { totalInCents } = this.one(id, customer);
    const lines = [`Invoice ${id}`, `${customer.name} <${customer.email}>`, `${(totalInCents / 100).toFixed(2)} EUR`];
    return new StreamableFile(Readable.from(lines.map((line) => `${line}\n`)), {
      type: 'text/plain',
      disposition: `attachment; filename="${id}.txt"`,
    });
  }
}
