/** A place in a `LinkedList`, by which its value is removed again. */
export interface Link<T> {
  readonly value: T;
  previous?: Link<T>;
  next?: Link<T>;
}

/** A queue that also removes from its middle in constant time: after an outage a buffer may hold a million events. */
export class LinkedList<T> {
  first: Link<T> | undefined;
  size = 0;
  last: Link<T> | undefined;

  push(value: T): Link<T> {
    const link: Link<T> = { value };
    if (this.last) {
      link.previous = this.last;
      this.last.next = link;
    } else {
      this.first = link;
    }
    this.last = link;
    this.size++;
    return link;
  }

  /** The link must be in this list. */
  remove(link: Link<T>): void {
    if (link.previous) link.previous.next = link.next;
    else this.first = link.next;
    if (link.next) link.next.previous = link.previous;
    else this.last = link.previous;
    this.size--;
  }

  /** In order; a value may be removed while it is visited. */
  *[Symbol.iterator](): Generator<T> {
    for (let link = this.first; link !== undefined;) {
      const { value, next } = link;
      yield value;
      link = next;
    }
  }
}
