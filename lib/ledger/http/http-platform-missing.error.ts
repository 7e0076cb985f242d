import { LedgerError } from '../ledger-errors.js';

/** Neither of NestJS's HTTP platforms is installed, or not the one that was asked for. */
export class HttpPlatformMissingError extends LedgerError {
  readonly code = 'IML_HTTP_PLATFORM_MISSING';

  constructor(wanted: string | undefined, options?: ErrorOptions) {
    const names = wanted === undefined ? 'platform-fastify or platform-express' : `platform-${wanted}`;
    const install = `@nestjs/platform-${wanted ?? 'fastify'}`;
    super(
      `The ledger's server needs @nestjs/${names}, which could not be loaded. Run \`npm install ${install}\``,
      options,
    );
  }
}
