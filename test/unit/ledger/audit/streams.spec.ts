import { describe, expect, it } from '@jest/globals';
import { gapEventBuilder } from '../../../../lib/event/gap-event.js';
import type { StreamGap } from '../../../../lib/event/stream-gap.js';
import { exitCode } from '../../../../lib/ledger/audit/verify-report.js';
import { verifyLedger } from '../../../../lib/ledger/audit/verify-ledger.js';
import type { EntryContent } from '../../../../lib/ledger/ledger.types.js';
import { encodeMeta } from '../../../../lib/ledger/leaf/event-content.js';
import { eventLeaf } from '../../../../lib/ledger/verify/index.js';
import type { Leaf } from '../../../../lib/ledger/verify/index.js';
import { utf8 } from '../ledger.fixture.js';
import { anEventLeaf, MemorySource } from './memory.source.js';

const gapEvent = gapEventBuilder({ serviceName: 'shop', env: 'test', development: false });
const salts = { payload: new Uint8Array(32).fill(1), meta: new Uint8Array(32).fill(2) };
const common = { time: 1_000, source: 'app/shop', stream: 's' };
const open: Leaf = { type: 'stream-open', ...common };
const heartbeat = (count: number): Leaf => ({ type: 'stream-heartbeat', ...common, count });
const close = (count: number): Leaf => ({ type: 'stream-close', ...common, count });
const event = (seq: number): Leaf => anEventLeaf(seq, { stream: 's', seq, time: 1_000 });

/** An entry, or what tells of lost events. */
type Entry = Leaf | StreamGap;

interface Reading {
  readonly contents?: boolean;
  readonly source?: string;
  readonly tampered?: boolean;
}

async function reportOf(entries: readonly Entry[], { contents = true, source = 'app/shop', tampered }: Reading = {}) {
  const kept = new Map<number, EntryContent>();
  const leaves = entries.map((entry, at): Leaf => {
    if ('type' in entry) return entry;
    const { payload, meta } = gapEvent(entry);
    const said = { payload: utf8(payload), meta: encodeMeta(meta)! };
    const shown = tampered ? { ...said, payload: utf8(payload.replace('"count":1', '"count":9')) } : said;
    // Behind the genesis.
    kept.set(at + 1, { ...shown, payloadSalt: salts.payload, metaSalt: salts.meta });
    return eventLeaf({ time: 1_000, source }, said, salts);
  });
  const opened = MemorySource.of(leaves);
  if (contents)
    opened.contents = async (from, to) => new Map([...kept].filter(([index]) => from <= index && index < to));
  return verifyLedger(opened, { now: () => 10_000_000 });
}

async function found(entries: readonly Entry[], reading?: Reading): Promise<string[]> {
  const { findings } = await reportOf(entries, reading);
  return findings.map(({ code, severity, index, message }) => `${severity} ${code} ${index ?? ''}: ${message}`);
}

const lost = (from: number, to = from, count = to - from + 1): StreamGap => {
  return { stream: 's', from, to, count, reason: 'buffer_full' };
};

describe('events that are missing in a stream', () => {
  it('are known by the last heartbeat, also if nothing comes behind it', async () => {
    expect(await found([open, event(0), heartbeat(3), close(3)])).toEqual([
      'suspicious STREAM_GAP 4: stream s 1..2: these events never arrived',
    ]);
    expect((await found([open, event(0), heartbeat(2)]))[0]).toBe(
      'suspicious STREAM_GAP 3: stream s 1: these events never arrived',
    );
  });

  it('are accounted for by what tells of them, and only good to know then', async () => {
    const entries = [open, event(0), lost(1, 2), event(3), close(4)];
    expect(await found(entries)).toEqual(['info STREAM_GAP 4: stream s 1..2: lost (buffer_full), as entry 3 says']);
    expect(exitCode(await reportOf(entries))).toBe(0);
  });

  it('are not, where more are missing than it tells of', async () => {
    expect(await found([open, event(0), lost(1, 3, 1), event(4), close(5)])).toEqual([
      'suspicious STREAM_GAP 4: stream s 1..3: these events never arrived',
    ]);
    expect(await found([open, lost(0), event(2), close(3)])).toEqual([
      'info STREAM_GAP 3: stream s 0: lost (buffer_full), as entry 2 says',
      'suspicious STREAM_GAP 3: stream s 1: these events never arrived',
    ]);
  });

  it('can be told of together with others that are there', async () => {
    expect(await found([open, event(1), lost(0, 2, 2), close(3)])).toEqual([
      'info STREAM_GAP 2: stream s 0: lost (buffer_full), as entry 3 says',
      'info STREAM_GAP 4: stream s 2: lost (buffer_full), as entry 3 says',
    ]);
  });

  it('stay suspicious without the content in which it may be told, and the message says so', async () => {
    const [finding] = await found([open, event(0), lost(1), event(2), close(3)], { contents: false });
    expect(finding).toBe(
      'suspicious STREAM_GAP 4: stream s 1: these events never arrived. ' +
        'Whether their process accounted for them stands in content that is not in this source',
    );
  });

  it('stay suspicious where it is told by somebody who writes no stream, or in altered content', async () => {
    const entries = [open, event(0), lost(1), event(2), close(3)];
    const suspicious = ['suspicious STREAM_GAP 4: stream s 1: these events never arrived'];
    expect(await found(entries, { source: 'ak_7Q2M' })).toEqual(suspicious);
    expect(await found(entries, { tampered: true })).toEqual(suspicious);
  });
});

describe('a stream whose process was killed', () => {
  const end = (from: number): StreamGap => ({ stream: 's', from, reason: 'unclean_end' });

  it('is visible and no more, once it is accounted for', async () => {
    const entries = [open, event(0), event(1), end(2)];
    expect(await found(entries)).toEqual([
      'info STREAM_UNCLOSED 3: stream s last=1: it was not closed, its process ended, as entry 4 says: ' +
        'events from 2 on may be lost',
    ]);
    expect(exitCode(await reportOf(entries))).toBe(0);
  });

  it('is suspicious when it is not, and long ago', async () => {
    expect(await found([open, event(0)])).toEqual(['suspicious STREAM_UNCLOSED 2: stream s last=0: it was not closed']);
  });

  it('can have lost events that were numbered and never came', async () => {
    expect((await found([open, event(0), heartbeat(5), end(1)]))[0]).toBe(
      'info STREAM_GAP 3: stream s 1..4: lost (unclean_end), as entry 4 says',
    );
    expect((await found([open, event(0), event(3), end(4)]))[0]).toBe(
      'suspicious STREAM_GAP 3: stream s 1..2: these events never arrived',
    );
  });

  it('is known even if it never came to write', async () => {
    const other: Leaf = { type: 'stream-open', time: 1_000, source: 'app/shop', stream: 'other' };
    const closed: Leaf = { type: 'stream-close', time: 1_000, source: 'app/shop', stream: 'other', count: 0 };
    expect(await found([other, end(0), closed])).toEqual([
      'info STREAM_GAP 2: stream s has no event; those from 0 on may be lost (unclean_end)',
    ]);
  });
});
