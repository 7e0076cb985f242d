import { describe, expect, it } from '@jest/globals';
import { leafVectors } from './vectors/leaf.vectors.js';
import { noteVectors } from './vectors/note.vectors.js';
import { proofVectors } from './vectors/proof.vectors.js';
import { readVectors } from './vectors/read-vectors.js';
import { tilesVectors } from './vectors/tiles.vectors.js';
import { treeVectors } from './vectors/tree.vectors.js';

const { vectors, unread } = readVectors();

/** What the file tells people, not programs. */
const PROSE = [
  '/about',
  '/tree/leaf_data',
  '/tree/encoding',
  '/tree/inclusion_note',
  '/tree/consistency_note',
  '/tiles/manifest_note',
];

describe('the vectors of the ledger', () => {
  treeVectors(vectors);
  tilesVectors(vectors);
  noteVectors(vectors);
  leafVectors(vectors);
  proofVectors(vectors);

  it('have no value that no test has looked at', () => {
    expect(unread()).toEqual(PROSE);
  });
});
