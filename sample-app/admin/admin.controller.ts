import { Controller, Get, HttpCode, NotFoundException, Param, Post, UseGuards } from '@nestjs/common';
import { AuditEvent, ImmutableLogService } from 'nestjs-immutable-log';
import { setTimeout as wait } from 'node:timers/promises';
import { AdminGuard } from '../auth/admin.guard.js';
import { BearerGuard } from '../auth/bearer.guard.js';
import { OrdersService } from '../orders/orders.service.js';
import type { Order } from '../orders/orders.service.js';

/** The office. A guard's refusal is an event too, under the name of the handler it protects. */
@Controller('admin')
@UseGuards(BearerGuard, AdminGuard)
export class AdminController {
  constructor(
    private readonly orders: OrdersService,
    private readonly log: ImmutableLogService,
  ) {}

  @Get('orders')
  list(): Order[] {
    return this.orders.all();
  }

  @Post('orders/:id/refund')
  @HttpCode(204)
  @AuditEvent({ name: 'payment.refund', kind: 'warning' })
  refund(@Param('id') id: string): void {
    if (!this.orders.find(id)) throw new NotFoundException(`No order ${id}`);
    this.log.annotate({ trail: id, data: { order: id } });
  }

  /** Takes its time: what a client does not wait for is recorded as aborted. */
  @Get('reports/year')
  async year(): Promise<{ orders: number }> {
    await wait(300);
    return { orders: this.orders.all().length };
  }

  /** Fails, and its message says more than it should: the event must not repeat it. */
  @Get('reports/month')
  month(): never {
    throw new Error('cannot reach postgres://reports:moth3r-of-pearl@db.example.com/shop');
  }
}
