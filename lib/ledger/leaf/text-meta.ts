import { canonicalJson } from '../../event/canonical-json.js';
import { contained } from '../encoding/contained.js';

/** Names in the order of one kind of event, and what is written of each: few kinds make up most of a log. */
interface Shape {
  readonly names: readonly string[];
  /** In canonical order, each with the text up to its value. */
  readonly members: readonly (readonly [name: string, start: string])[];
}

const MAX_SHAPES = 16;
const shapes: Shape[] = [];

/** ASCII but for what JSON escapes. */
const UNESCAPED = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/**
 * The canonical JSON of a meta of nothing but texts: what `encodeMeta` makes the bytes of, but its names are sorted and
 * quoted once for all events that have the same. `undefined` for anything else, and for what has a lone surrogate.
 */
export function textMetaJson(meta: unknown): string | undefined {
  return contained(() => {
    if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) return undefined;
    const map = meta as Readonly<Record<string, unknown>>;
    let json = '';
    for (const [name, start] of shapeOf(Object.keys(map)).members) {
      const value = map[name];
      if (typeof value !== 'string') return undefined;
      json += start + quoted(value);
    }
    return `{${json}}`;
  }, undefined);
}

/** Most texts have nothing to escape, and to see that costs less than to have it done. */
function quoted(text: string): string {
  return UNESCAPED.test(text) ? `"${text}"` : canonicalJson(text);
}

function shapeOf(names: readonly string[]): Shape {
  for (const shape of shapes) {
    if (isSame(shape.names, names)) return shape;
  }
  const sorted = [...names].sort();
  const members = sorted.map((name, at) => [name, `${at === 0 ? '' : ','}${canonicalJson(name)}:`] as const);
  const shape = { names, members };
  // Those that come again are soon back.
  if (shapes.length >= MAX_SHAPES) shapes.length = 0;
  shapes.push(shape);
  return shape;
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let at = 0; at < some.length; at++) {
    if (some[at] !== others[at]) return false;
  }
  return true;
}
