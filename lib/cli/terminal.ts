/** How it looks when whoever reads has gone. */
const GONE: readonly unknown[] = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'];

/** Where a command writes: results to the standard output, all else to the standard error. */
export class Terminal {
  private closed = false;

  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly err: NodeJS.WriteStream,
  ) {
    // They are met where something is written.
    for (const stream of [out, err]) stream.on('error', () => undefined);
  }

  /** Nobody reads the results any more. */
  get isClosed(): boolean {
    return this.closed;
  }

  get hasErrorTty(): boolean {
    return this.err.isTTY;
  }

  /** Waits for a reader that is slower. Rejects when it cannot be written, as on a full disk. */
  async print(text: string): Promise<void> {
    if (this.closed) return;
    const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => {
      this.out.write(text, resolve);
    });
    if (!error) return;
    this.closed = true;
    // Whoever reads may have seen enough: `immutable-log tail | head`.
    if (!GONE.includes(error.code)) throw error;
  }

  note(text: string): void {
    this.err.write(text);
  }
}
