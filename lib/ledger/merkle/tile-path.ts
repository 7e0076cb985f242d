import { isCount } from './tree-index.js';

/** Hashes in a full tile, entries in a full bundle. c2sp.org/tlog-tiles. */
export const TILE_WIDTH = 256;

const MAX_LEVEL = 63;
const PATH = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** A tile of hashes at a level of 0 to 63, or a bundle of entries. */
export interface TileAddress {
  readonly level: number | 'entries';
  /** Which tile of its level, from the left. */
  readonly n: number;
  /** How many hashes or entries it has: 256 in a full one, 1 to 255 in a partial one. */
  readonly width: number;
}

/** The path below the log's prefix, such as `tile/1/x001/x234/067` or `tile/entries/000.p/17`. */
export function tilePath({ level, n, width }: TileAddress): string {
  if (!isLevel(level) || !isCount(n) || !isCount(width) || width < 1 || width > TILE_WIDTH) {
    throw new RangeError(`no tile has level ${level}, number ${n} and width ${width}`);
  }
  return `tile/${level}/${encodeNumber(n)}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** The tile that a path names. Only canonical paths name one: each tile has exactly one. Answers on any input. */
export function parseTilePath(path: string): TileAddress | undefined {
  if (typeof path !== 'string') return undefined;
  const [, levelText, number, widthText] = PATH.exec(path) ?? [];
  if (levelText === undefined || number === undefined) return undefined;
  const level = levelText === 'entries' ? levelText : Number(levelText);
  const n = Number(number.replaceAll(/[x/]/g, ''));
  const width = widthText === undefined ? TILE_WIDTH : Number(widthText);
  if (!isLevel(level) || !isCount(n) || (widthText !== undefined && width >= TILE_WIDTH)) return undefined;
  return encodeNumber(n) === number ? { level, n, width } : undefined;
}

/** Groups of three digits, all but the last behind an `x`: no path is then both a file and a folder. */
function encodeNumber(n: number): string {
  const digits = String(n);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.../g) ?? [];
  return groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
}

function isLevel(level: unknown): level is number | 'entries' {
  return level === 'entries' || (isCount(level) && level <= MAX_LEVEL);
}
