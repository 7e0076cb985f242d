import { Injectable } from '@nestjs/common';
import { OutOfStockError } from '../checkout/out-of-stock.error.js';

export interface Article {
  readonly sku: string;
  readonly title: string;
  readonly priceInCents: number;
}

const ARTICLES: readonly Article[] = [
  { sku: 'tea', title: 'Green tea, 100 g', priceInCents: 690 },
  { sku: 'cup', title: 'Cup without a handle', priceInCents: 1_250 },
  { sku: 'kettle', title: 'Kettle, the last one was sold', priceInCents: 4_900 },
];

@Injectable()
export class CatalogueService {
  private readonly stock = new Map([
    ['tea', 1_000_000],
    ['cup', 1_000_000],
    ['kettle', 0],
  ]);

  all(): readonly Article[] {
    return ARTICLES;
  }

  find(sku: string): Article | undefined {
    return ARTICLES.find((article) => article.sku === sku);
  }

  /** Takes articles off the shelf. */
  reserve(sku: string, quantity: number): void {
    const left = this.stock.get(sku) ?? 0;
    if (left < quantity) throw new OutOfStockError(sku);
    this.stock.set(sku, left - quantity);
  }
}
