import { Body, Controller, Post, UseFilters, UseGuards } from '@nestjs/common';
import { AuditEvent, ImmutableLogService } from 'nestjs-immutable-log';
import type { Account } from '../auth/accounts.js';
import { BearerGuard } from '../auth/bearer.guard.js';
import { CurrentUser } from '../auth/current-user.decorator.js';
import type { Order } from '../orders/orders.service.js';
import { CheckoutDto } from './checkout.dto.js';
import { CheckoutService } from './checkout.service.js';
import { OutOfStockFilter } from './out-of-stock.filter.js';

@Controller('checkout')
@UseGuards(BearerGuard)
@UseFilters(OutOfStockFilter)
export class CheckoutController {
  constructor(
    private readonly checkout: CheckoutService,
    private readonly log: ImmutableLogService,
  ) {}

  @Post()
  @AuditEvent('payment.checkout')
  async pay(@CurrentUser() customer: Account, @Body() dto: CheckoutDto): Promise<Order> {
    const order = await this.checkout.checkout(customer, dto);
    this.log.annotate({ trail: order.id, data: { order: order.id, totalInCents: order.totalInCents } });
    return order;
  }
}
