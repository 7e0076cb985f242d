import { ed25519Signer } from '../../../lib/ledger/checkpoint/ed25519.js';
import {
  cosignedMessage,
  emptyRoot,
  formatCheckpoint,
  formatCosignature,
  formatNote,
  formatSkey,
  formatVkey,
  KEY_TYPES,
  parseNote,
  parseSkey,
  parseVkey,
} from '../../../lib/ledger/verify/index.js';
import { leafHashes, rootsOf } from './ledger.fixture.js';

const seed = (filling: number): Uint8Array => new Uint8Array(32).fill(filling);

/** A log with a key of its own. */
export function aLog(origin: string, filling: number): { skey: string; vkey: string } {
  const skey = formatSkey(origin, seed(filling));
  return { skey, vkey: parseSkey(skey)!.vkey };
}

/** A witness that cosigns whatever it is given. */
export class FakeWitness {
  readonly vkey: string;
  private readonly signer: ReturnType<typeof ed25519Signer>;

  constructor(
    readonly name: string,
    filling: number,
  ) {
    this.signer = ed25519Signer(seed(filling));
    this.vkey = formatVkey({ name, type: KEY_TYPES.cosignature, publicKey: this.signer.publicKey });
  }

  /** The note with one more line. */
  cosign(note: string, time = 1_700_000_000): string {
    const { text, signatures } = parseNote(note)!;
    return formatNote({ text, signatures: [...signatures, this.signature(text, time)] });
  }

  signature(text: string, time: number): { name: string; keyId: string; signature: Uint8Array } {
    const signature = this.signer.sign(cosignedMessage(time, text)!);
    return { name: this.name, keyId: parseVkey(this.vkey)!.id, signature: formatCosignature({ time, signature }) };
  }
}

export const ORIGIN = 'ledger.example/audit';
export const log = aLog(ORIGIN, 1);
export const hashes300 = leafHashes(300);
export const roots = rootsOf(hashes300, emptyRoot());

/** What the log of the specs says at a size. */
export function checkpointText(size: number): string {
  return formatCheckpoint({ origin: ORIGIN, size, root: roots[size]! });
}
