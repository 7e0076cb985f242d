import type { Finding } from '../ledger/audit/finding.js';
import { exitCode } from '../ledger/audit/verify-report.js';
import type { VerifyReport } from '../ledger/audit/verify-report.js';
import { escapeControls } from './escape-controls.js';

const SHOWN_PER_CODE = 20;
const RESULTS = ['VERIFIED', 'TAMPERED WITH', 'INCOMPLETE OR SUSPICIOUS'] as const;

/** What was found, for people. */
export function reportText(report: VerifyReport, isQuiet: boolean): string {
  const { findings, notChecked } = report;
  const lines = [
    ...(isQuiet ? [] : headOf(report)),
    ...findingLines(findings, report),
    ...(isQuiet || notChecked.length === 0 ? [] : ['Not checked:', ...notChecked.map((what) => `  - ${what}`), '']),
    RESULTS[exitCode(report)],
  ];
  return `${lines.map(escapeControls).join('\n')}\n`;
}

function headOf({ source, checkpoint, trust, entries }: VerifyReport): string[] {
  if (checkpoint === undefined) return [source, ''];
  const { origin, size, root } = checkpoint;
  const key = trust === 'policy' ? 'from the policy' : 'from the ledger itself';
  return [
    source,
    `  log         ${origin}`,
    `  checkpoint  ${size} entries, root ${root}`,
    `  key         ${key}`,
    `  looked at   ${entries} entries`,
    '',
  ];
}

function findingLines(findings: readonly Finding[], { byCode }: VerifyReport): string[] {
  const shown = new Map<string, number>();
  const lines = findings.flatMap((finding) => {
    const count = (shown.get(finding.code) ?? 0) + 1;
    shown.set(finding.code, count);
    return count <= SHOWN_PER_CODE ? [lineOf(finding)] : [];
  });
  const more = Object.entries(byCode).filter(([, count]) => count > SHOWN_PER_CODE);
  const rest = more.map(([code, count]) => `            ${code}  and ${count - SHOWN_PER_CODE} more: see --json`);
  return lines.length === 0 ? [] : [...lines, ...rest, ''];
}

function lineOf({ severity, code, index, lastIndex, txId, path, message }: Finding): string {
  const span = index === undefined ? undefined : lastIndex === undefined ? String(index) : `${index}..${lastIndex}`;
  const place = [span, path, txId].filter((part) => part !== undefined).join(' ');
  return `${severity.padEnd(10)}  ${code}  ${place}${place === '' ? '' : '  '}${message}`;
}
