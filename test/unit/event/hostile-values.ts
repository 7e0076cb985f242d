import fc from 'fast-check';

export function throwing(): never {
  throw new Error('hostile');
}

/** fast-check itself looks for symbols in the values it makes. */
const trap = new Proxy(
  {},
  {
    get: (_, name) => (typeof name === 'symbol' ? undefined : throwing()),
    has: (_, name) => (typeof name === 'symbol' ? false : throwing()),
    ownKeys: throwing,
    getPrototypeOf: throwing,
  },
);

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', maxLength: 400 }),
  fc.constantFrom('\ud800', 'x\udc00y', '€'.repeat(5_000), '\u0000'.repeat(3_000), '😀'.repeat(2_100), '__proto__', ''),
);

const leaf = fc.oneof(
  anyText,
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom<unknown>(null, undefined, true, () => 1, Symbol('s'), trap, new Error('e'), /r/, Promise.resolve(1)),
  fc.constantFrom<unknown>(new Error('password=x'), Object.create(null), new Map([[trap, trap]]), new Float64Array(3)),
);

/** Values as a careless or malicious caller may hand them over. */
export const hostileValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(fc.oneof(anyText, fc.constantFrom('__proto__', 'a.b', 'toString')), tie('value'), { maxKeys: 6 }),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
    fc.array(fc.tuple(anyText, tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
    tie('value').map((inner) => ({ toJSON: () => inner })),
    tie('value').map((inner) => ({ inner, toJSON: throwing })),
    tie('value').map((inner) => Object.defineProperty({ inner }, 'bad', { get: throwing, enumerable: true })),
    tie('value').map(cyclic),
    tie('value').map((inner) => Object.assign(new TypeError('t'), { cause: inner })),
  ),
})).value;

function cyclic(inner: unknown): unknown {
  const object: Record<string, unknown> = { inner };
  object['self'] = [object];
  return object;
}
