import { indexEvent } from '../../../../lib/ledger/store/index-event.js';
import { encodeLeaf, eventLeaf, leafHash, parseLeaf, TreeGrowth } from '../../../../lib/ledger/verify/index.js';
import type { EventLeaf } from '../../../../lib/ledger/verify/index.js';
import { utf8 } from '../ledger.fixture.js';
import type { TestDatabase } from './audit.fixture.js';

interface Head {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export function headOf(database: TestDatabase): Head {
  return database.prepare<[], Head>('SELECT origin, size, root FROM log').get()!;
}

/** Makes an event another one, leaf, content and all that follows from them, so that it agrees with itself. */
export function rewriteEvent(database: TestDatabase, index: number, over: Partial<EventLeaf> = {}): void {
  const { leaf } = database.prepare<[number], { leaf: Uint8Array }>('SELECT leaf FROM entry WHERE idx = ?').get(index)!;
  const { type: _, payload: _payload, meta: _meta, ...fields } = parseLeaf(leaf) as EventLeaf;
  const content = { payload: utf8('{"message":"nothing happened"}'), meta: utf8('{}') };
  const salts = { payload: new Uint8Array(32).fill(1), meta: new Uint8Array(32).fill(2) };
  const bytes = encodeLeaf(eventLeaf({ ...fields, ...over }, content, salts));
  replaceWords(database, index, 'nothing happened');
  database.prepare('UPDATE entry SET leaf = ?, leaf_hash = ? WHERE idx = ?').run(bytes, leafHash(bytes), index);
  database
    .prepare('UPDATE content SET payload = ?, payload_salt = ?, meta = ?, meta_salt = ? WHERE idx = ?')
    .run(content.payload, salts.payload, content.meta, salts.meta, index);
  database.exec(`DELETE FROM idem WHERE idx = ${index}`);
  const columns = ['event_name', 'type', 'service', 'actor', 'tenant', 'request_id', 'trail', 'status', 'route'];
  database.exec(`UPDATE event_index SET ${columns.map((name) => `${name} = NULL`).join(', ')} WHERE idx = ${index}`);
}

/** The words of an event are deleted by naming them. */
function replaceWords(database: TestDatabase, index: number, words: string): void {
  const { payload, meta } = database
    .prepare<[number], Record<'payload' | 'meta', Uint8Array>>('SELECT payload, meta FROM content WHERE idx = ?')
    .get(index)!;
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const old = indexEvent({ payload: text(payload), meta: JSON.parse(text(meta)) }).words.join(' ');
  database.prepare(`INSERT INTO event_words (event_words, rowid, words) VALUES ('delete', ?, ?)`).run(index, old);
  database.prepare('INSERT INTO event_words (rowid, words) VALUES (?, ?)').run(index, words);
}

/** Computes hashes, tiles and head anew from the entries, as somebody would who can do everything but sign. */
export function rebuild(database: TestDatabase): void {
  const growth = TreeGrowth.empty();
  const entries = database.prepare<[], { leaf: Uint8Array }>('SELECT leaf FROM entry ORDER BY idx').all();
  for (const { leaf } of entries) growth.append(leafHash(leaf));
  database.exec('DELETE FROM tile');
  database.exec('DELETE FROM entry_place');
  database.exec('INSERT INTO entry_place SELECT substr(leaf_hash, 1, 8), idx FROM entry');
  for (const { level, n, data } of growth.takeGrownTiles()) {
    // The growing one of level 0 is the hashes of the entries.
    if (level === 0 && data.length < 8_192) continue;
    database.prepare('INSERT INTO tile (level, n, data) VALUES (?, ?, ?)').run(level, n, data);
  }
  const last = parseLeaf(entries.at(-1)!.leaf)!;
  database.prepare('UPDATE log SET size = ?, root = ?, last_ms = ?').run(growth.size, growth.root(), last.time);
}
