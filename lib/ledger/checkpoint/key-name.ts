/**
 * Whether a name can stand in keys and signature lines: not empty, no Unicode space, no plus, nothing that a note may
 * not contain. c2sp.org/signed-note. U+FEFF is no space there, and U+0085 is: `\s` has it the other way round.
 */
export function isKeyName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name.isWellFormed() && !/[\p{White_Space}+\0-\x1f]/u.test(name);
}
