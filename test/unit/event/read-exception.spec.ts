import { describe, expect, it } from '@jest/globals';

import { readException } from '../../../lib/event/read-exception.js';

class CardDeclined extends Error {}

describe('readException', () => {
  it.each([
    [new CardDeclined('no funds'), { name: 'CardDeclined', message: 'no funds' }],
    [new TypeError('t'), { name: 'TypeError', message: 't' }],
    [Object.assign(new Error('x'), { errorCode: 'E_X' }), { name: 'Error', message: 'x', errorCode: 'E_X' }],
    [
      Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }),
      { name: 'AggregateError', message: 'ECONNREFUSED' },
    ],
    ['a string', { name: 'String', message: 'a string' }],
    [7, { name: 'Number', message: '7' }],
    [7n, { name: 'BigInt', message: '7' }],
    [true, { name: 'Boolean', message: 'true' }],
    [undefined, { name: 'undefined', message: 'undefined' }],
    [null, { name: 'null', message: 'null' }],
    [Symbol('s'), { name: 'Symbol', message: 'Symbol(s)' }],
    [{ message: 'plain' }, { name: 'Object', message: 'plain' }],
    [Object.create(null), { name: 'Object', message: '' }],
    [
      { name: 'Custom', constructor: undefined, message: 5 },
      { name: 'Custom', message: '' },
    ],
    [() => 1, { name: 'Function', message: '' }],
  ])('reads %p', (thrown, facts) => {
    expect(readException(thrown)).toEqual(facts);
  });

  it('survives getters and Proxies that throw', () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('trap');
        },
        getPrototypeOf() {
          throw new Error('trap');
        },
      },
    );
    const getter = Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error('getter');
      },
    });
    const { proxy: revoked, revoke } = Proxy.revocable({}, {});
    revoke();

    expect(readException(hostile)).toEqual({ name: 'Object', message: '' });
    expect(readException(getter)).toEqual({ name: 'Error', message: '' });
    expect(readException(revoked)).toEqual({ name: 'Object', message: '' });
  });
});
