export { formatCheckpoint, parseCheckpoint } from '../checkpoint/checkpoint.js';
export type { Checkpoint } from '../checkpoint/checkpoint.js';
export { cosignedMessage, formatCosignature, parseCosignature, verifyCosignature } from '../checkpoint/cosignature.js';
export type { Cosignature } from '../checkpoint/cosignature.js';
export { InvalidKeyError } from '../checkpoint/invalid-key.error.js';
export { formatNote, parseNote } from '../checkpoint/note.js';
export type { Note, NoteSignature } from '../checkpoint/note.js';
export { checkNote, openNote } from '../checkpoint/open-note.js';
export type { NoteCheck, OpenedNote, VerifiedSignature } from '../checkpoint/open-note.js';
export { checkPolicy, parsePolicy } from '../checkpoint/parse-policy.js';
export type { PolicyCheck } from '../checkpoint/parse-policy.js';
export { quorumMet } from '../checkpoint/policy.js';
export type { Policy, PolicyGroup, PolicyLog, PolicyWitness } from '../checkpoint/policy.js';
export { signNote } from '../checkpoint/sign-note.js';
export { formatSkey, generateKey, parseSkey } from '../checkpoint/signing-key.js';
export type { SigningKey } from '../checkpoint/signing-key.js';
export { formatVkey, KEY_TYPES, parseVkey } from '../checkpoint/verifier-key.js';
export type { KeyType, VerifierKey } from '../checkpoint/verifier-key.js';
export { commit, newSalts, verifyCommitment } from '../leaf/commitment.js';
export type { Salts } from '../leaf/commitment.js';
export { encodeLeaf, parseLeaf } from '../leaf/encode-leaf.js';
export { encodeMeta, encodePayload, eventLeaf, payloadHash, verifyEventContent } from '../leaf/event-content.js';
export type { EventContent } from '../leaf/event-content.js';
export type {
  ErasedPart,
  ErasureLeaf,
  EventLeaf,
  GenesisLeaf,
  KeyLeaf,
  Leaf,
  StreamCloseLeaf,
  StreamHeartbeatLeaf,
  StreamOpenLeaf,
} from '../leaf/leaf.js';
export { formatOpening, parseOpening, verifyOpening } from '../leaf/opening.js';
export type { Opening } from '../leaf/opening.js';
export { parseTxId, txId } from '../leaf/tx-id.js';
export { consistencyProof, consistencyRanges, inclusionProof, inclusionRanges } from '../merkle/build-proof.js';
export { CompactRange } from '../merkle/compact-range.js';
export type { SubtreeListener } from '../merkle/compact-range.js';
export { formatEntryBundle, parseEntryBundle, verifyEntryBundle } from '../merkle/entry-bundle.js';
export { formatHashTile, parseHashTile, rootFromTiles, tileReader, verifyFullTile } from '../merkle/hash-tile.js';
export type { TileReader } from '../merkle/hash-tile.js';
export { leafReader, rangeRoot, subtreesOf } from '../merkle/subtree-reader.js';
export type { LeafRange, Subtree, SubtreeReader } from '../merkle/subtree-reader.js';
export { parseTilePath, tilePath, TILE_WIDTH } from '../merkle/tile-path.js';
export type { TileAddress } from '../merkle/tile-path.js';
export { TreeGrowth } from '../merkle/tree-growth.js';
export type { GrownTile } from '../merkle/tree-growth.js';
export { emptyRoot, leafHash, nodeHash } from '../merkle/tree-hash.js';
export { treeRoot } from '../merkle/tree-root.js';
export { entryBundles, hashTiles, partialTiles, tileWidth } from '../merkle/tree-tiles.js';
export type { HashTileAddress } from '../merkle/tree-tiles.js';
export { verifyConsistency } from '../merkle/verify-consistency.js';
export { verifyInclusion } from '../merkle/verify-inclusion.js';
export { formatTlogProof, parseTlogProof } from './tlog-proof.js';
export type { TlogProof } from './tlog-proof.js';
export { checkCheckpoint, verifyCheckpoint } from './verify-checkpoint.js';
export type { CheckpointCheck, Cosigner, VerifiedCheckpoint } from './verify-checkpoint.js';
export { verifyEventProof } from './verify-event-proof.js';
export type { VerifiedEventProof } from './verify-event-proof.js';
export { checkTlogProof, verifyTlogProof } from './verify-tlog-proof.js';
export type { TlogProofCheck, VerifiedTlogProof } from './verify-tlog-proof.js';
