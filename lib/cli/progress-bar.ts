import type { Terminal } from './terminal.js';

const APPEARS_AFTER_MS = 500;
const INTERVAL_MS = 100;
const WIDTH = 30;

/** A bar on the standard error, if that is a terminal and the work takes its time. */
export class ProgressBar {
  private readonly start = performance.now();
  private drawnAt = 0;

  constructor(
    private readonly terminal: Terminal,
    private readonly what: string,
    private readonly isQuiet: boolean,
  ) {}

  readonly update = (done: number, total: number): void => {
    const now = performance.now();
    if (this.isQuiet || !this.terminal.hasErrorTty) return;
    if (now - this.start < APPEARS_AFTER_MS || now - this.drawnAt < INTERVAL_MS) return;
    this.drawnAt = now;
    const share = total === 0 ? 1 : Math.min(done / total, 1);
    const full = Math.round(share * WIDTH);
    const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
    const perSecond = Math.round((done / (now - this.start)) * 1_000).toLocaleString('en');
    this.terminal.note(`\r\x1b[K${this.what} ${bar} ${Math.floor(share * 100)}% of ${total} entries, ${perSecond}/s`);
  };

  /** Idempotent: what was said since then stays. */
  end(): void {
    if (this.drawnAt > 0) this.terminal.note('\r\x1b[K');
    this.drawnAt = 0;
  }
}
