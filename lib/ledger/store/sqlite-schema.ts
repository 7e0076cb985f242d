/** `application_id` in the header of the file: "IML1". Tells a ledger from the databases of other programs. */
export const APPLICATION_ID = 0x494d4c31;
/** `user_version` in the header of the file. */
export const SCHEMA_VERSION = 1;

/*
 * The tables. What is not used yet is there already: `key_id` and `nonce` for encrypted content, `cosigned` for
 * witnesses; every part of a content can be NULL, that is, erased.
 *
 * The triggers keep programs and people from mistakes. They are no security: whoever can write the file can drop them,
 * and then meets the tree.
 */
export const SCHEMA = `
  CREATE TABLE log (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    origin TEXT NOT NULL,
    vkey TEXT NOT NULL,
    idem_secret BLOB NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    last_ms INTEGER NOT NULL,
    -- The index of events has come up to, and without, this entry. It follows the log in transactions of its own.
    indexed_to INTEGER NOT NULL DEFAULT 0,
    -- What entries before this one announce to be erased is erased, and in none of the files any more.
    erased_to INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE entry (
    idx INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL,
    leaf_hash BLOB NOT NULL
  ) STRICT;
  -- The announcements of erasures, the only leaves whose JSON begins with {"indexes":
  CREATE INDEX entry_erasure ON entry (idx) WHERE substr(leaf, 1, 11) = x'7b22696e6465786573223a';

  -- Full tiles, and the growing ones above level 0. The growing tile of level 0 is the hashes of its entries.
  CREATE TABLE tile (
    level INTEGER NOT NULL,
    n INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (level, n)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE content (
    idx INTEGER PRIMARY KEY REFERENCES entry (idx),
    key_id TEXT,
    nonce BLOB,
    payload BLOB,
    payload_salt BLOB,
    meta BLOB,
    meta_salt BLOB
  ) STRICT;

  -- In the order of the log, so that a key is appended. Of two rows of one key the newer one counts.
  CREATE TABLE idem (
    idx INTEGER PRIMARY KEY REFERENCES entry (idx),
    source TEXT NOT NULL,
    key_hash BLOB NOT NULL,
    at_ms INTEGER NOT NULL
  ) STRICT;

  -- Where entries and keys stand, by 64 bits of their hashes, which may meet others: who looks compares all of them. In
  -- each commit these would be pages at random; they follow the log as the index of events does, up to log.indexed_to.
  CREATE TABLE entry_place (hash BLOB NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (hash, idx)) STRICT, WITHOUT ROWID;
  CREATE TABLE idem_place (hash BLOB NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (hash, idx)) STRICT, WITHOUT ROWID;

  CREATE TABLE note (
    size INTEGER PRIMARY KEY,
    signed TEXT NOT NULL,
    cosigned TEXT,
    published_ms INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE event_index (
    idx INTEGER PRIMARY KEY REFERENCES entry (idx),
    time INTEGER NOT NULL,
    event_name TEXT,
    type TEXT,
    service TEXT,
    actor TEXT,
    tenant TEXT,
    request_id TEXT,
    trail TEXT,
    status INTEGER,
    route TEXT
  ) STRICT;
  CREATE INDEX event_time ON event_index (time);
  CREATE INDEX event_event_name ON event_index (event_name) WHERE event_name IS NOT NULL;
  CREATE INDEX event_type ON event_index (type) WHERE type IS NOT NULL;
  CREATE INDEX event_service ON event_index (service) WHERE service IS NOT NULL;
  CREATE INDEX event_actor ON event_index (actor) WHERE actor IS NOT NULL;
  CREATE INDEX event_tenant ON event_index (tenant) WHERE tenant IS NOT NULL;
  CREATE INDEX event_request_id ON event_index (request_id) WHERE request_id IS NOT NULL;
  CREATE INDEX event_trail ON event_index (trail) WHERE trail IS NOT NULL;
  CREATE INDEX event_status ON event_index (status) WHERE status IS NOT NULL;
  CREATE INDEX event_route ON event_index (route) WHERE route IS NOT NULL;

  -- Words only, no texts. To erase an event its words are deleted as they were inserted: out of its content.
  CREATE VIRTUAL TABLE event_words USING fts5 (words, content = '', columnsize = 0, detail = none, tokenize = 'ascii');
  INSERT INTO event_words (event_words, rank) VALUES ('secure-delete', 1);

  CREATE TRIGGER entry_stays BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'entries of the ledger are never deleted'); END;
  CREATE TRIGGER entry_is_fixed BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'entries of the ledger are never changed'); END;
  CREATE TRIGGER tile_stays BEFORE DELETE ON tile
    BEGIN SELECT RAISE(ABORT, 'tiles of the ledger are never deleted'); END;
  CREATE TRIGGER tile_only_grows BEFORE UPDATE ON tile
    WHEN NEW.level <> OLD.level OR NEW.n <> OLD.n OR substr(NEW.data, 1, length(OLD.data)) <> OLD.data
    BEGIN SELECT RAISE(ABORT, 'tiles of the ledger only grow'); END;
  CREATE TRIGGER log_stays BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'the head of the ledger is never deleted'); END;
  CREATE TRIGGER log_only_grows BEFORE UPDATE ON log
    WHEN NEW.size < OLD.size OR NEW.last_ms < OLD.last_ms OR NEW.origin <> OLD.origin
      OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
  CREATE TRIGGER content_stays BEFORE DELETE ON content
    BEGIN SELECT RAISE(ABORT, 'content of the ledger is erased by setting it to NULL, after an entry that says so'); END;
  CREATE TRIGGER content_is_fixed BEFORE UPDATE ON content
    WHEN NEW.idx <> OLD.idx OR (NEW.key_id IS OLD.key_id AND (
      (NEW.payload IS NOT NULL AND NEW.payload IS NOT OLD.payload)
      OR (NEW.payload_salt IS NOT NULL AND NEW.payload_salt IS NOT OLD.payload_salt)
      OR (NEW.meta IS NOT NULL AND NEW.meta IS NOT OLD.meta)
      OR (NEW.meta_salt IS NOT NULL AND NEW.meta_salt IS NOT OLD.meta_salt)))
    BEGIN SELECT RAISE(ABORT, 'content of the ledger is never changed'); END;

  -- REPLACE deletes what is in its way without asking the triggers above.
  CREATE TRIGGER entry_is_not_replaced BEFORE INSERT ON entry WHEN EXISTS (SELECT 1 FROM entry WHERE idx = NEW.idx)
    BEGIN SELECT RAISE(ABORT, 'entries of the ledger are never changed'); END;
  CREATE TRIGGER tile_is_not_replaced BEFORE INSERT ON tile WHEN EXISTS (
      SELECT 1 FROM tile WHERE level = NEW.level AND n = NEW.n AND substr(NEW.data, 1, length(data)) <> data)
    BEGIN SELECT RAISE(ABORT, 'tiles of the ledger only grow'); END;
  CREATE TRIGGER log_is_not_replaced BEFORE INSERT ON log WHEN EXISTS (SELECT 1 FROM log)
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
  CREATE TRIGGER content_is_not_replaced BEFORE INSERT ON content
    WHEN EXISTS (SELECT 1 FROM content WHERE idx = NEW.idx)
    BEGIN SELECT RAISE(ABORT, 'content of the ledger is never changed'); END;
`;
