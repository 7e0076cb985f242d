import { describe, expect, it } from '@jest/globals';
import { reportText } from '../../../lib/cli/report-text.js';
import type { Finding } from '../../../lib/ledger/audit/finding.js';
import type { VerifyReport } from '../../../lib/ledger/audit/verify-report.js';

const mismatch = (index: number): Finding => ({
  code: 'ENTRY_MISMATCH',
  severity: 'tampering',
  index,
  message: 'the entry is not the one that the tree has at its place',
});

function aReport(findings: readonly Finding[], over: Partial<VerifyReport> = {}): VerifyReport {
  const count = (severity: string): number => findings.filter((finding) => finding.severity === severity).length;
  return {
    source: 'ledger.db',
    checkpoint: { origin: 'audit.example.com/shop', size: 300, root: 'cm9vdA==', note: 'note' },
    trust: 'policy',
    entries: 300,
    findings,
    bySeverity: { tampering: count('tampering'), suspicious: count('suspicious'), info: count('info') },
    byCode: Object.fromEntries(findings.map(({ code }) => [code, findings.filter((one) => one.code === code).length])),
    notChecked: ['what nobody asked for'],
    ...over,
  };
}

describe('a report for people', () => {
  it('says what was verified, against which key, and what was not checked', () => {
    expect(reportText(aReport([]), false)).toBe(
      [
        'ledger.db',
        '  log         audit.example.com/shop',
        '  checkpoint  300 entries, root cm9vdA==',
        '  key         from the policy',
        '  looked at   300 entries',
        '',
        'Not checked:',
        '  - what nobody asked for',
        '',
        'VERIFIED',
        '',
      ].join('\n'),
    );
    expect(reportText(aReport([], { trust: 'ledger' }), false)).toContain('key         from the ledger itself');
  });

  it('is short where it shall be', () => {
    expect(reportText(aReport([]), true)).toBe('VERIFIED\n');
  });

  it('has a line for each finding, with its place', () => {
    const missing: Finding = {
      code: 'CONTENT_MISSING',
      severity: 'suspicious',
      index: 3,
      lastIndex: 5,
      path: 'content',
      txId: 'tx_01',
      message: 'gone',
    };
    expect(reportText(aReport([missing]), true)).toBe(
      'suspicious  CONTENT_MISSING  3..5 content tx_01  gone\n\nINCOMPLETE OR SUSPICIOUS\n',
    );
  });

  it('has twenty findings of a code, and the number of the others', () => {
    const text = reportText(aReport(Array.from({ length: 33 }, (_, index) => mismatch(index))), true);
    expect(text.match(/^tampering/gm)).toHaveLength(20);
    expect(text).toContain('ENTRY_MISMATCH  and 13 more: see --json');
    expect(text).toMatch(/\nTAMPERED WITH\n$/);
  });

  it('does nothing to the terminal, whatever the ledger says', () => {
    const hostile = { ...mismatch(1), path: '\x1b[2J', message: 'two\nlines \u202e' };
    const text = reportText(aReport([hostile], { source: '\x07' }), false);
    expect(text).toContain('\\x1b[2J  two\\nlines \\u{202e}');
    expect(text).not.toMatch(/[^\n\x20-\x7e]/);
  });
});
