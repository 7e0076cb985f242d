import { bounded, redacted } from './essentials.js';
import { jsonText } from './json-text.js';
import { boundedMemo } from './redaction/bounded-memo.js';
import type { RedactText } from './redaction/text-rules.js';
import { TEXT_BYTES } from './text-limits.js';

type TextWriter = (text: unknown) => string | undefined;

/** Texts that come again and again, as JSON: the names of handlers, the host, the few agents of most clients. */
export interface RepeatedTexts {
  readonly host: TextWriter;
  readonly userAgent: TextWriter;
  readonly codeName: TextWriter;
}

/** Each text is searched and written once, as far as memory allows. */
export function repeatedTexts(redact: RedactText): RepeatedTexts {
  return {
    host: remembered((text) => redacted(text, TEXT_BYTES.host, redact)),
    userAgent: remembered((text) => redacted(text, TEXT_BYTES.userAgent, redact)),
    codeName: remembered((text) => bounded(text, TEXT_BYTES.codeName)),
  };
}

function remembered(write: (text: string) => string | undefined): TextWriter {
  const memo = boundedMemo((text) => jsonText(write(text)));
  return (text) => (typeof text === 'string' ? memo(text) : undefined);
}
