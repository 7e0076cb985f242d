import { expect, it } from '@jest/globals';
import { formatTlogProof, parsePolicy, parseTlogProof, verifyTlogProof } from '../../../../lib/ledger/verify/index.js';
import { bytes, hex, samples } from '../ledger.fixture.js';

export function proofVectors({ tlog_proof, note }: any): void {
  const policy = parsePolicy(`log ${note.log.vkey}\nquorum none\n`)!;

  it.each(samples(tlog_proof.files))('reads the proof of leaf $index in $size', (sample) => {
    const { index, size, leaf_hex, leaf_hash_hex, file } = sample;
    const proof = verifyTlogProof(file, bytes(leaf_hex), policy)!;
    expect([proof.index, proof.checkpoint.size, hex(proof.leafHash)]).toEqual([index, size, leaf_hash_hex]);
    expect(formatTlogProof(parseTlogProof(file)!)).toBe(file);
    expect(verifyTlogProof(file, bytes(`${leaf_hex}00`), policy)).toBeUndefined();
  });
}
