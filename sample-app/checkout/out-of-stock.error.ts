/** Thrown where the shop thinks in articles; the filter turns it into an answer. */
export class OutOfStockError extends Error {
  constructor(readonly sku: string) {
    super(`${sku} is out of stock`);
    this.name = 'OutOfStockError';
  }
}
