// Printable ASCII without quote and backslash: JSON shows it as it is.
const AS_IT_IS = /^[ !#-[\]-~]*$/;

/** A value as JSON text; `undefined` where JSON has nothing to say. Most texts need no escape, which is seen at a glance. */
export function jsonText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' && AS_IT_IS.test(value) ? `"${value}"` : JSON.stringify(value);
}

/** `,"name":text`, or nothing. Names are the contract's own and need no escape. */
export function member(name: string, text: string | undefined): string {
  return text === undefined ? '' : `,"${name}":${text}`;
}

/** The object of these members. */
export function objectText(members: string): string {
  return members === '' ? '{}' : `{${members.slice(1)}}`;
}
