import { readFileSync } from 'node:fs';

const FILE = new URL('../../../vectors/ledger-vectors.json', import.meta.url);

/** The vectors, and which of their values nobody has looked at yet. */
export interface Vectors {
  readonly vectors: any;
  unread(): string[];
}

export function readVectors(): Vectors {
  const document = JSON.parse(readFileSync(FILE, 'utf8')) as unknown;
  const unread = new Set(scalarsOf(document, ''));
  return { vectors: watched(document, '', (path) => unread.delete(path)), unread: () => [...unread] };
}

/** The same values, behind objects that tell which scalars are read. */
function watched(value: unknown, path: string, onRead: (path: string) => void): unknown {
  if (typeof value !== 'object' || value === null) {
    onRead(path);
    return value;
  }
  return new Proxy(value, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      return Object.hasOwn(target, name) ? watched(member, `${path}/${String(name)}`, onRead) : member;
    },
  });
}

function scalarsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, member]) => scalarsOf(member, `${path}/${name}`));
}
