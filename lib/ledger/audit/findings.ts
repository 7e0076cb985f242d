import type { Finding, FindingCode, Severity } from './finding.js';
import { SEVERITIES } from './finding.js';

/** What a finding says besides its code; `severity` where it is not the usual one. */
export type FindingDetail = Omit<Finding, 'code' | 'severity'> & { readonly severity?: Severity };

/** Kept of each code; the rest is only counted, so that a ledger that is wrong throughout does not fill the memory. */
const KEPT_PER_CODE = 1_000;

/** Collects what is found. */
export class Findings {
  private readonly kept: Finding[] = [];
  private readonly counted = new Map<FindingCode, number>();
  private readonly totals: Record<Severity, number> = { tampering: 0, suspicious: 0, info: 0 };

  add(code: FindingCode, { severity = SEVERITIES[code], ...detail }: FindingDetail): void {
    const count = (this.counted.get(code) ?? 0) + 1;
    this.counted.set(code, count);
    this.totals[severity] += 1;
    if (count <= KEPT_PER_CODE) this.kept.push({ code, severity, ...detail });
  }

  /** Adds a finding about one more entry, or widens the last finding if that is about the entry before. */
  extend(code: FindingCode, detail: FindingDetail & { readonly index: number }): void {
    const last = this.kept.at(-1);
    if (last?.code !== code || last.path !== detail.path || (last.lastIndex ?? last.index) !== detail.index - 1) {
      this.add(code, detail);
    } else {
      this.kept[this.kept.length - 1] = { ...last, lastIndex: detail.lastIndex ?? detail.index };
    }
  }

  has(severity: Severity): boolean {
    return this.totals[severity] > 0;
  }

  count(code: FindingCode): number {
    return this.counted.get(code) ?? 0;
  }

  get list(): readonly Finding[] {
    return this.kept;
  }

  get bySeverity(): Readonly<Record<Severity, number>> {
    return { ...this.totals };
  }

  /** How often each code was found, also where the findings themselves were not kept. */
  get byCode(): Partial<Record<FindingCode, number>> {
    return Object.fromEntries(this.counted);
  }
}
