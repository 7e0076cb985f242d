import { REDACTED } from './redacted.js';

/** `<ns:name attributes>content</ns:name>` of XML without elements inside. Content and attributes end at the next `<`. */
const ELEMENT =
  /(<((?:[\w.-]{1,64}:)?([a-z_][\w.-]{0,63}))(?:\s[^<>]{0,1024})?>)((?:<!\[CDATA\[)?[^<]+)(?=<\\?\/\2\s{0,8}>)/gi;
const END_TAG = /<\\?\//;

/** Redacts the text of XML elements whose name is denied. */
export function redactElements(text: string, isDenied: (name: string) => boolean): string {
  if (!END_TAG.test(text)) return text;
  return text.replace(ELEMENT, (match: string, ...[tag = '', , name = '', content = '']: string[]) =>
    isDenied(name) && content.trim() !== '' ? tag + REDACTED : match,
  );
}
