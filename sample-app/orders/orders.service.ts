import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { Subject } from 'rxjs';
import type { Observable } from 'rxjs';

export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly totalInCents: number;
}

@Injectable()
export class OrdersService implements OnModuleDestroy {
  private readonly orders = new Map<string, Order>();
  private readonly placed = new Subject<Order>();

  add(customerId: string, totalInCents: number): Order {
    const order: Order = { id: `o-${this.orders.size + 1}`, customerId, totalInCents };
    this.orders.set(order.id, order);
    this.placed.next(order);
    return order;
  }

  find(id: string): Order | undefined {
    return this.orders.get(id);
  }

  latestOf(customerId: string): Order | undefined {
    return this.all()
      .filter((order) => order.customerId === customerId)
      .at(-1);
  }

  all(): Order[] {
    return [...this.orders.values()];
  }

  /** Orders from now on. */
  watch(): Observable<Order> {
    return this.placed.asObservable();
  }

  /** A server that closes waits for its open answers: the live feeds end here. */
  onModuleDestroy(): void {
    this.placed.complete();
  }
}
