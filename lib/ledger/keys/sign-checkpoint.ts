import { formatCheckpoint } from '../checkpoint/checkpoint.js';
import { formatNote } from '../checkpoint/note.js';
import { requireVerifierKey } from '../checkpoint/verifier-key.js';
import { encodeUtf8 } from '../encoding/utf8.js';
import type { CheckpointSigner } from './checkpoint-signer.js';

/** The signed note that says which tree the log of the signer's key has. */
export async function signCheckpoint(
  signer: CheckpointSigner,
  { size, root }: { readonly size: number; readonly root: Uint8Array },
): Promise<string> {
  const { name, id } = requireVerifierKey(signer.vkey);
  const text = formatCheckpoint({ origin: name, size, root });
  const signature = await signer.sign(encodeUtf8(text) ?? new Uint8Array());
  return formatNote({ text, signatures: [{ name, keyId: id, signature }] });
}
