import { contained } from './encoding/contained.js';
import { decodeUtf8 } from './encoding/utf8.js';
import type { EntryContent, StoredEvent } from './ledger.types.js';

/**
 * What the content of an event says. What is there and says nothing any more is named: it was changed in the file, which
 * is something else than erased, and nothing that keeps other events from being read.
 */
export function readContent(content: EntryContent): Pick<StoredEvent, 'payload' | 'meta' | 'unreadable'> {
  const payload = content.payload && decodeUtf8(content.payload);
  const meta = content.meta && parseMeta(content.meta);
  const said = { payload, meta };
  const unreadable = (['payload', 'meta'] as const).filter((part) => content[part] && said[part] === undefined);
  return {
    ...(payload === undefined ? {} : { payload }),
    ...(meta === undefined ? {} : { meta }),
    ...(unreadable.length === 0 ? {} : { unreadable }),
  };
}

function parseMeta(bytes: Uint8Array): Record<string, string> | undefined {
  const value = contained<unknown>(() => JSON.parse(decodeUtf8(bytes) ?? ''), undefined);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.values(value).every((text) => typeof text === 'string') ? (value as Record<string, string>) : undefined;
}
