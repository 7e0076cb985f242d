import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { formatVkey } from '../../../../lib/ledger/checkpoint/verifier-key.js';
import {
  cosignedMessage,
  formatCheckpoint,
  formatSkey,
  KEY_TYPES,
  openNote,
  parseCheckpoint,
  parseNote,
  parseSkey,
  parseVkey,
  signNote,
  verifyConsistency,
} from '../../../../lib/ledger/verify/index.js';
import { bytes, hex, utf8, samples } from '../ledger.fixture.js';

export function noteVectors({ note, witness, tree, tiles }: any): void {
  const { log, other_log_key_same_name: other, witness1, witness2, cosigned } = note;
  const rootAt = (size: number): string =>
    size <= 300 ? tree.hashes[tree.root[size]] : tiles.trees.find((sample: any) => sample.size === size).root;

  describe('keys', () => {
    it('are read and written', () => {
      const key = parseVkey(log.vkey)!;
      expect([key.name, key.id, hex(key.publicKey)]).toEqual([log.name, log.key_id_hex, log.public_hex]);
      expect(formatVkey(key)).toBe(log.vkey);
      expect(formatSkey(log.name, bytes(log.seed_hex))).toBe(log.skey);
      expect(parseSkey(log.skey)?.vkey).toBe(log.vkey);
    });

    it('have an id that depends on the key', () => {
      expect(parseSkey(formatSkey(log.name, bytes(other.seed_hex)))?.vkey).toBe(other.vkey);
    });

    it('have an id that depends on the type', () => {
      const key = parseVkey(witness1.vkey_cosigner_0x04)!;
      const asLogKey = parseSkey(formatSkey(witness1.name, bytes(witness1.seed_hex)))!;
      expect([key.name, key.type, key.id]).toEqual([witness1.name, KEY_TYPES.cosignature, witness1.key_id_hex]);
      expect(hex(key.publicKey)).toBe(witness1.public_hex);
      expect(asLogKey.id).toBe(witness1.key_id_if_type_0x01_hex);
    });

    it('of the second witness', () => {
      const { publicKey } = parseVkey(parseSkey(formatSkey(witness2.name, bytes(witness2.seed_hex)))!.vkey)!;
      const vkey = formatVkey({ name: witness2.name, type: KEY_TYPES.cosignature, publicKey });
      expect(vkey).toBe(witness2.vkey_cosigner_0x04);
    });
  });

  it.each(samples(note.checkpoints))('signs and opens the checkpoint of $size leaves', (sample) => {
    const root = bytes(rootAt(sample.size));
    expect(formatCheckpoint({ origin: log.name, size: sample.size, root })).toBe(sample.text);
    expect(signNote(sample.text, log.skey)).toBe(sample.signed);
    expect(openNote(sample.signed, [log.vkey])?.text).toBe(sample.text);
    expect(openNote(sample.signed, [other.vkey])).toBeUndefined();
    const checkpoint = parseCheckpoint(sample.text);
    expect(checkpoint).toEqual({ origin: log.name, size: sample.size, root, extensions: [] });
  });

  it('opens a cosigned checkpoint', () => {
    const keys = [log.vkey, witness1.vkey_cosigner_0x04, witness2.vkey_cosigner_0x04];
    const opened = openNote(cosigned.signed, keys)!;
    expect(opened.signatures.map(({ key, time }) => [key.name, time])).toEqual([
      [log.name, undefined],
      [witness1.name, cosigned.witness1_time],
      [witness2.name, cosigned.witness2_time],
    ]);
    expect(parseCheckpoint(opened.text)?.size).toBe(cosigned.size);
    expect(cosignedMessage(cosigned.witness1_time, opened.text)).toEqual(utf8(cosigned.witness1_signed_message));
    const [ours] = cosigned.signed.split('— witness');
    expect([ours, cosigned.witness1_line, cosigned.witness2_line].join('')).toBe(cosigned.signed);
  });

  describe('the witness protocol', () => {
    it.each(samples(witness.requests))('asks to go from $old to $new', ({ old, new: size, body }) => {
      const [request, ...note] = body.split('\n\n');
      const [oldLine, ...proof] = request.split('\n');
      const opened = openNote(note.join('\n\n'), [log.vkey])!;
      const checkpoint = parseCheckpoint(opened.text)!;
      expect([oldLine, checkpoint.size]).toEqual([`old ${old}`, size]);
      const hashes = proof.map((line: string) => Uint8Array.from(Buffer.from(line, 'base64')));
      expect(verifyConsistency(old, size, hashes, bytes(rootAt(old)), checkpoint.root)).toBe(true);
    });

    it('takes the answer as a line of the note', () => {
      const { status, body } = witness.ok_response;
      const signed = note.checkpoints.find(({ size }: any) => size === cosigned.size).signed;
      const withLine = `${signed}${body}`;
      expect(status).toBe(200);
      expect(openNote(withLine, [witness1.vkey_cosigner_0x04])?.signatures[0]?.time).toBe(cosigned.witness1_time);
      expect(parseNote(withLine)?.signatures).toHaveLength(2);
    });

    it('finds the checkpoint of an origin, and the size in a conflict', () => {
      const origin = createHash('sha256').update(log.name).digest('hex');
      expect(witness.monitor_path).toBe(`/${origin}/checkpoint`);
      const { status, content_type, body } = witness.conflict_response;
      expect([status, content_type, body]).toEqual([409, 'text/x.tlog.size', '200\n']);
    });
  });
}
