import type { ForwardStore } from './forward-store.js';
import type { ForwardWindow } from './forward-window.js';
import type { LedgerReader, ReadPage } from './ledger-reader.js';

/** Entries read from the ledger in one go. */
const PAGE = 128;
const REDRIVEN_AT_ONCE = 64;
const NONE: ReadonlySet<number> = new Set();

export interface WindowFeedSettings {
  readonly window: ForwardWindow;
  readonly reader: LedgerReader;
  readonly store: Pick<ForwardStore, 'settled' | 'redriven' | 'outcome'>;
  /** Events behind it have no outcome yet. */
  readonly furthest: number;
  readonly onRead: (page: Pick<ReadPage, 'erased' | 'unreadable'>) => void;
  /** Called when there may be something to send. */
  readonly onReady: () => void;
  readonly onTrouble: (error: unknown) => void;
}

/** Keeps the window filled: with what follows in the ledger, and with what is sent again by hand. */
export class WindowFeed {
  private pollTimer: NodeJS.Timeout | undefined;
  private reading = false;
  private askedAgain = false;
  private mayHaveMore = true;
  private loading = false;
  private ended = false;

  constructor(private readonly settings: WindowFeedSettings) {}

  start(pollMs: number): void {
    this.pollTimer = setInterval(() => this.wake(), pollMs).unref();
    this.wake();
    this.redrive();
  }

  stop(): void {
    this.ended = true;
    clearInterval(this.pollTimer);
  }

  /** Everything that is known to be in the ledger has been read. */
  get isAtEnd(): boolean {
    return !this.mayHaveMore && !this.reading;
  }

  /** There may be something new in the ledger. */
  wake(): void {
    if (this.reading) this.askedAgain = true;
    else void this.read();
  }

  /** There may be room again for what is known to be there. */
  topUp(): void {
    if (this.mayHaveMore && !this.reading && this.hasRoom) void this.read();
  }

  /** There may be rejected events to send again. */
  redrive(): void {
    if (this.loading || this.ended || this.settings.window.hasRedriven) return;
    this.loading = true;
    this.loadRedriven()
      .catch((error: unknown) => this.settings.onTrouble(error))
      .finally(() => (this.loading = false));
  }

  private get hasRoom(): boolean {
    return !this.ended && this.settings.window.room >= PAGE;
  }

  private async read(): Promise<void> {
    this.reading = true;
    while (await this.readOn());
    this.reading = false;
  }

  /** Whether to go on reading at once. */
  private async readOn(): Promise<boolean> {
    try {
      if (this.hasRoom) this.mayHaveMore = await this.readPage();
    } catch (error) {
      this.mayHaveMore = false;
      this.settings.onTrouble(error);
    }
    if (!this.ended) this.settings.onReady();
    const wasAskedAgain = this.askedAgain;
    this.askedAgain = false;
    return this.hasRoom && (wasAskedAgain || this.mayHaveMore);
  }

  /** Whether there may be more to read. */
  private async readPage(): Promise<boolean> {
    const { window, store, reader, furthest } = this.settings;
    const from = window.end;
    const isNew = from.position > furthest;
    const settled = isNew ? NONE : await store.settled(from.position, from.position + PAGE);
    const page = await reader.read(from, PAGE, settled);
    return this.take(page) && page.next === from.position + PAGE;
  }

  /** False when there is nothing in it, or nobody for it any more. */
  private take(page: ReadPage): boolean {
    const { window, onRead } = this.settings;
    if (this.ended || page.next === window.end.position) return false;
    window.add(page);
    onRead(page);
    return true;
  }

  private async loadRedriven(): Promise<void> {
    const { window, store, reader, onRead } = this.settings;
    for (const index of await store.redriven(REDRIVEN_AT_ONCE)) {
      const item = await reader.readRejected(index);
      const known = item === undefined ? await store.outcome(index) : undefined;
      if (this.ended) return;
      if (item !== undefined) window.addRedriven(item);
      else if (known !== undefined) onRead({ erased: 0, unreadable: [known] });
    }
    this.settings.onReady();
  }
}
