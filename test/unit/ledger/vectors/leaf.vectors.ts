import { describe, expect, it } from '@jest/globals';
import { hkdfSync } from 'node:crypto';
import {
  encodeLeaf,
  encodeMeta,
  encodePayload,
  eventLeaf,
  leafHash,
  openNote,
  parseCheckpoint,
  parseLeaf,
  parseTxId,
  payloadHash,
  treeRoot,
  txId,
  verifyEventContent,
} from '../../../../lib/ledger/verify/index.js';
import type { EventLeaf } from '../../../../lib/ledger/verify/index.js';
import { bytes, hex, utf8, samples } from '../ledger.fixture.js';

export function leafVectors({ leaf_format: format, note }: any): void {
  describe.each(samples(format.events))('the leaf of an event: $desc', (event) => {
    const salts = { payload: bytes(event.payload_salt_hex), meta: bytes(event.meta_salt_hex) };
    const meta = JSON.parse(JSON.stringify(event.meta));
    const content = { payload: encodePayload(event.payload)!, meta: encodeMeta(meta)! };
    const leaf = parseLeaf(event.leaf) as EventLeaf;

    it('commits to payload and meta', () => {
      expect(content.meta).toEqual(utf8(event.meta_jcs));
      expect([leaf.payload, leaf.meta]).toEqual([event.payload_commitment_b64, event.meta_commitment_b64]);
      expect(verifyEventContent(leaf, content, salts)).toBe(true);
    });

    it('is the canonical JSON of its fields', () => {
      const { time, source, stream, seq } = leaf;
      const fields = { time, source, ...(stream === undefined ? {} : { stream, seq: seq! }) };
      expect(encodeLeaf(eventLeaf(fields, content, salts))).toEqual(utf8(event.leaf));
    });

    it('has the hash that is the id', () => {
      const hash = leafHash(utf8(event.leaf));
      expect(hex(hash)).toBe(event.leaf_hash_hex);
      expect(txId(hash)).toBe(event.tx_id);
      expect(parseTxId(event.tx_id)).toEqual(bytes(event.leaf_hash_hex));
      expect(payloadHash(content.payload)).toBe(event.payload_hash);
    });

    it('takes salts that are derived from a data key', () => {
      const derive = (info: string): string =>
        hex(
          new Uint8Array(
            hkdfSync('sha256', bytes(event.data_key_hex), bytes(event.nonce_hex), `audit-leaf/v1 ${info}`, 32),
          ),
        );
      expect(derive('payload salt')).toBe(event.payload_salt_hex);
      expect(derive('meta salt')).toBe(event.meta_salt_hex);
      expect(derive('content key')).toBe(event.content_key_hex);
    });
  });

  it.each(['erasure_leaf', 'genesis_leaf'])('reads and writes the %s', (name) => {
    const { leaf, leaf_hash_hex } = format[name];
    expect(encodeLeaf(parseLeaf(leaf)!)).toEqual(utf8(leaf));
    expect(hex(leafHash(utf8(leaf)))).toBe(leaf_hash_hex);
  });

  it('has the ledger of five leaves', () => {
    const leaves = Array.from<string>(format.ledger.leaves);
    const roots = Array.from<string>(format.ledger.roots_hex);
    expect(leaves.map((leaf) => parseLeaf(leaf)?.type)).toEqual(['genesis', 'event', 'event', 'event', 'erasure']);
    const hashes = leaves.map((leaf) => leafHash(utf8(leaf)));
    expect(roots.map((_, size) => hex(treeRoot(hashes.slice(0, size))))).toEqual(roots);
    const checkpoint = parseCheckpoint(openNote(format.ledger.checkpoint, [note.log.vkey])!.text)!;
    expect([checkpoint.size, hex(checkpoint.root)]).toEqual([5, roots[5]]);
  });
}
