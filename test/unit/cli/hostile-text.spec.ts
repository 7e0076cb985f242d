import { describe, expect, it } from '@jest/globals';
import { escapeControls, safeJson } from '../../../lib/cli/escape-controls.js';
import { csvLine } from '../../../lib/ledger/export/csv.js';

const HOSTILE = '\x1b[2J\x07\x00\x7f\x9b31m\r\n\t\u202e\u2028\u{e0041}\ufeff\u200b\ud800';

describe('text that an audit has recorded', () => {
  it('does nothing to a terminal', () => {
    expect(escapeControls(HOSTILE)).toBe(
      '\\x1b[2J\\x07\\x00\\x7f\\x9b31m\\r\\n\\t\\u{202e}\\u{2028}\\u{e0041}\\u{feff}\\u{200b}\\u{d800}',
    );
  });

  it('stays as it is where it is harmless', () => {
    const harmless = 'Grüße, 日本, नमस्ते, می‌خواهم, 👩‍🚀, \\x1b, "quoted"';
    expect(escapeControls(harmless)).toBe(harmless);
  });

  it('says the same in JSON, and does nothing there either', () => {
    const value = { [HOSTILE]: [HOSTILE, 'ü', '👩‍🚀'] };
    const json = safeJson(value);
    expect(escapeControls(json)).toBe(json);
    expect(JSON.parse(json)).toEqual(value);
    expect(JSON.parse(safeJson(value, 2))).toEqual(value);
    expect(safeJson({ a: 'ü👩‍🚀' })).toBe('{"a":"ü👩‍🚀"}');
  });
});

describe('a line of CSV', () => {
  it('quotes texts, and leaves numbers and nothing as they are', () => {
    expect(csvLine([1, 'a', undefined, 'say "hi", you', ''])).toBe('1,"a",,"say ""hi"", you",""\r\n');
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['  =1', "'  =1"],
    ['\u00a0=1', "'\u00a0=1"],
    ["'=1", "''=1"],
    ['"=1', `'""=1`],
    ['＝1', "'＝1"],
    ['＋1', "'＋1"],
    ['－1', "'－1"],
    ['＠x', "'＠x"],
    ['a;=1', "a;'=1"],
    ['a|@x', "a|'@x"],
    ['a\t=1', "a\t'=1"],
    ['a=1', 'a=1'],
    ['2024-01-01', '2024-01-01'],
    ['a@b.example', 'a@b.example'],
  ])('has no formula: %s', (text, expected) => {
    expect(csvLine([text])).toBe(`"${expected}"\r\n`);
  });
});
