import { parseVkey } from '../../checkpoint/verifier-key.js';
import type { Leaf } from '../../leaf/leaf.js';
import { TILE_WIDTH } from '../../merkle/tile-path.js';
import type { Check, CheckContext, EntryBatch, SoundBatch } from '../check.js';

/** Entries are leaves in their one form, times never decrease, and the first one names the log and its key. */
export class LeafCheck implements Check {
  private newest = { time: 0, index: 0 };
  private readonly vkeys = new Set<string>();
  private isComplete = true;

  constructor(private readonly context: CheckContext) {}

  visit({ first, entries, leaves }: EntryBatch): void {
    entries.forEach((entry, at) => {
      const leaf = leaves[at];
      if (entry === undefined) {
        this.isComplete = false;
      } else if (leaf === undefined) {
        const message = 'the entry is no leaf of a known type and version in canonical form';
        this.context.findings.add('LEAF_MALFORMED', { index: first + at, message });
      } else {
        this.look(leaf, first + at);
      }
    });
  }

  canPass({ first, outline }: SoundBatch): boolean {
    if (outline === undefined || outline.firstTime < this.newest.time) return false;
    const [begin] = outline.parts;
    return first > 0 || (begin?.kind === 'leaf' && begin.at === 0);
  }

  pass({ first, outline }: SoundBatch): void {
    for (const part of outline?.parts ?? []) if (part.kind === 'leaf') this.lookAtNames(part.leaf, first + part.at);
    if (outline !== undefined) this.newest = { time: outline.lastTime, index: first + TILE_WIDTH - 1 };
  }

  finish(): void {
    const { policy, tree, findings, skip } = this.context;
    if (!this.isComplete) return skip('whether the log names its keys: entries are missing');
    const known = policy.logs.filter(({ key }) => key.name === tree.origin);
    const named = known.some(({ key }) => [...this.vkeys].some((vkey) => parseVkey(vkey)?.id === key.id));
    if (!named) {
      const message = 'no entry names the key that signs the checkpoints';
      findings.add('GENESIS_MISMATCH', { index: 0, message });
    }
  }

  private look(leaf: Leaf, index: number): void {
    this.lookAtTime(leaf.time, index);
    this.lookAtNames(leaf, index);
  }

  private lookAtNames(leaf: Leaf, index: number): void {
    if (leaf.type === 'key' && leaf.action === 'added') this.vkeys.add(leaf.vkey);
    if (leaf.type === 'genesis') for (const vkey of leaf.vkeys) this.vkeys.add(vkey);
    const { findings, tree } = this.context;
    if ((leaf.type === 'genesis') !== (index === 0)) {
      const message = index === 0 ? 'the first entry is not the genesis' : 'the genesis is not the first entry';
      findings.add('GENESIS_MISMATCH', { index, message });
    } else if (leaf.type === 'genesis' && leaf.origin !== tree.origin) {
      const message = `the log is named ${leaf.origin} in its first entry and ${tree.origin} in its checkpoint`;
      findings.add('GENESIS_MISMATCH', { index, message });
    }
  }

  private lookAtTime(time: number, index: number): void {
    if (time >= this.newest.time) {
      this.newest = { time, index };
      return;
    }
    const message = `its time ${iso(time)} is before ${iso(this.newest.time)} of entry ${this.newest.index}`;
    this.context.findings.add('TIME_REGRESSION', { index, message });
  }
}

function iso(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
