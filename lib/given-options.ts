import type { AuditLogger } from './event/audit-logger.js';
import type { ImmutableLogOptions } from './immutable-log.options.js';

/**
 * The options of an application that imports the module several times: those that say something, wherever they were
 * given. A feature module's bare `forRoot()` must not override the root module's options because NestJS reached it first.
 */
export class GivenOptions {
  private readonly given: ImmutableLogOptions[] = [];
  private readonly waiting: (() => void)[] = [];

  /** @param imports how often the application imports the module: so many `add()` are to come. */
  constructor(
    private readonly imports: number,
    private readonly logger: AuditLogger,
  ) {}

  /** Adds one import's options; resolves to those that hold when all imports have been heard. */
  async add(options: ImmutableLogOptions | null | undefined): Promise<ImmutableLogOptions> {
    this.given.push(options ?? {});
    if (this.given.length >= this.imports) for (const resume of this.waiting.splice(0)) resume();
    else await new Promise<void>((resume) => this.waiting.push(resume));
    return this.choose();
  }

  private choose(): ImmutableLogOptions {
    const telling = this.given.filter((options) => typeof options !== 'object' || Object.keys(options).length > 0);
    const [first, ...others] = telling;
    if (others.some((options) => options !== first)) {
      this.logger.warn('ImmutableLogModule.forRoot() is imported twice with options of its own; the first ones hold.');
      telling.length = 1;
    }
    return first ?? {};
  }
}
