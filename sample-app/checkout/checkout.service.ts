import { Injectable, NotFoundException } from '@nestjs/common';
import { ImmutableLogService } from 'nestjs-immutable-log';
import type { Account } from '../auth/accounts.js';
import { CatalogueService } from '../catalogue/catalogue.service.js';
import { OrdersService } from '../orders/orders.service.js';
import type { Order } from '../orders/orders.service.js';
import type { CheckoutDto, ItemDto } from './checkout.dto.js';
import { PaymentGateway } from './payment.gateway.js';

@Injectable()
export class CheckoutService {
  constructor(
    private readonly catalogue: CatalogueService,
    private readonly gateway: PaymentGateway,
    private readonly orders: OrdersService,
    private readonly log: ImmutableLogService,
  ) {}

  async checkout(customer: Account, { items, card }: CheckoutDto): Promise<Order> {
    const totalInCents = items.reduce((total, item) => total + this.priceOf(item), 0);
    for (const { sku, quantity } of items) this.catalogue.reserve(sku, quantity);
    // A business event of its own, beside the request's: it carries the same request id.
    this.log.record('stock.reserved', { items });
    await this.gateway.charge(card, totalInCents);
    return this.orders.add(customer.id, totalInCents);
  }

  private priceOf({ sku, quantity }: ItemDto): number {
    const article = this.catalogue.find(sku);
    if (!article) throw new NotFoundException(`No article ${sku}`);
    return article.priceInCents * quantity;
  }
}
