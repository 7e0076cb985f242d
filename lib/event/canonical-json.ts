import type { JsonValue } from './json-value.js';

/**
 * JSON Canonicalization Scheme, RFC 8785: members sorted by UTF-16 code units (section 3.2.3), scalars as ECMAScript
 * serialises them (section 3.2.2), no white space. Throws a TypeError where no I-JSON text exists: numbers that are not
 * finite, lone surrogates, values outside JSON.
 */
export function canonicalJson(value: JsonValue): string {
  switch (typeof value) {
    case 'string':
      return canonicalText(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`);
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      return isArray(value) ? `[${value.map(canonicalJson).join(',')}]` : canonicalObject(value);
    default:
      throw new TypeError(`${typeof value} has no JSON form`);
  }
}

function canonicalObject(object: { readonly [name: string]: JsonValue | undefined }): string {
  const members: string[] = [];
  // The default order of sort() is that of UTF-16 code units.
  for (const name of Object.keys(object).sort()) {
    const member = object[name];
    if (member !== undefined) members.push(`${canonicalText(name)}:${canonicalJson(member)}`);
  }
  return `{${members.join(',')}}`;
}

function canonicalText(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('a lone surrogate has no JSON form');
  return JSON.stringify(text);
}

// Array.isArray does not narrow readonly arrays.
function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
