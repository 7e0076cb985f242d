import type { SqliteFormat } from '../../ledger/store/sqlite-connection.js';

const SCHEMA = `
  CREATE TABLE forward (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL,
    anchor TEXT,
    pause_reason TEXT,
    pause_until INTEGER,
    lease_owner TEXT,
    lease_until INTEGER
  ) STRICT;
  INSERT INTO forward (id, position) VALUES (1, 0);

  CREATE TABLE receipt (
    idx INTEGER PRIMARY KEY,
    tx_id TEXT NOT NULL,
    key TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    remote_tx_id TEXT NOT NULL,
    payload_hash TEXT,
    hash_matches INTEGER,
    duplicate INTEGER NOT NULL,
    request_id TEXT,
    -- The content of the event needs no look any more: it is old enough, and erased where it was to be.
    erased INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX receipt_retained ON receipt (idx) WHERE erased = 0;
  CREATE INDEX receipt_mismatch ON receipt (idx) WHERE hash_matches = 0;

  CREATE TABLE rejection (
    idx INTEGER PRIMARY KEY,
    tx_id TEXT NOT NULL,
    key TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    status INTEGER,
    reason TEXT NOT NULL,
    redriven INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX rejection_redriven ON rejection (idx) WHERE redriven = 1;
`;

/** The file beside a ledger that keeps how far it is forwarded. "IMF1" in the header. */
export const FORWARD_FORMAT: SqliteFormat = { applicationId: 0x494d4631, version: 1, schema: SCHEMA };
