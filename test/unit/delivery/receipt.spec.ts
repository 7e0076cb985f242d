import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { parseReceipt, payloadHashMatches } from '../../../lib/delivery/remote/receipt.js';

describe('parseReceipt', () => {
  it('reads the answer of the contract', () => {
    const answer = {
      ok: true,
      tx_id: 'tx',
      payload_hash: 'h',
      status: 'accepted',
      duplicate: true,
      request_id: 'r',
      more: 1,
    };
    expect(parseReceipt(answer)).toEqual({ txId: 'tx', payloadHash: 'h', duplicate: true, requestId: 'r' });
  });

  it('needs a transaction only', () => {
    expect(parseReceipt({ tx_id: 'tx', payload_hash: 7, duplicate: 'yes' })).toEqual({ txId: 'tx', duplicate: false });
  });

  it.each([undefined, null, 'tx', 5, [], {}, { tx_id: '' }, { tx_id: 5 }, { ok: false, tx_id: 'tx' }])(
    'takes %p for no receipt',
    (answer) => {
      expect(parseReceipt(answer)).toBeUndefined();
    },
  );
});

describe('payloadHashMatches', () => {
  const payload = '{"name":"Zoë 👩‍🚀"}';
  const digest = createHash('sha256').update(Buffer.from(payload, 'utf8'));
  const bytes = digest.digest();
  const forms = [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    `sha256:${bytes.toString('hex')}`,
    bytes.toString('base64'),
    `sha256:${bytes.toString('base64')}`,
    `sha256-${bytes.toString('base64')}`,
    bytes.toString('base64url'),
  ];

  it.each(forms)('recognises %s', (hash) => {
    expect(payloadHashMatches(hash, payload)).toBe(true);
    expect(payloadHashMatches(hash, `${payload} `)).toBe(false);
  });

  it.each(['', 'abc', 'md5:0123', 'f'.repeat(63), 'g'.repeat(64), 'f'.repeat(128), 'tx_1'])(
    'says nothing about %p, which is no SHA-256',
    (hash) => {
      expect(payloadHashMatches(hash, payload)).toBeUndefined();
    },
  );
});
