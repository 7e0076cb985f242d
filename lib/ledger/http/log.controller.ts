import { Get, Inject, Req, Res } from '@nestjs/common';
import { parseTilePath } from '../merkle/tile-path.js';
import type { TileAddress } from '../merkle/tile-path.js';
import { send, text } from './answer.js';
import { NeedsScope } from './api-key.guard.js';
import { withDeadline } from './deadline.js';
import { LedgerConnection } from './ledger-connection.js';
import { LedgerModuleOptions } from './ledger-module.options.js';
import { LedgerRoutes } from './ledger-routes.decorator.js';
import { targetOf } from './platform.js';
import type { PlatformReply, PlatformRequest } from './platform.js';
import { RefusedRequest } from './refusals.js';

/** Level, up to six groups of digits, and the width: Express and Fastify write wildcards differently, and these alike. */
const TILE_PATHS = Array.from({ length: 7 }, (_, extra) =>
  ['tile/:level', ...Array.from({ length: extra + 1 }, (_none, at) => `:part${at}`)].join('/'),
);

const TILE_PART = /^(level|part\d)$/;

/** The log as others verify it: c2sp.org/tlog-tiles. */
@LedgerRoutes()
@NeedsScope('log')
export class LogController {
  constructor(
    @Inject(LedgerConnection) private readonly connection: LedgerConnection,
    @Inject(LedgerModuleOptions) private readonly options: Readonly<LedgerModuleOptions>,
  ) {}

  @Get('checkpoint')
  async checkpoint(@Res() reply: PlatformReply): Promise<void> {
    send(reply, text(await this.timed(() => this.connection.ledger.checkpoint())));
  }

  @Get(TILE_PATHS)
  async tile(@Req() request: PlatformRequest, @Res() reply: PlatformReply): Promise<void> {
    const address = addressOf(request);
    const body = address && (await this.timed(() => this.read(address)));
    if (body === undefined) throw new RefusedRequest('not_found');
    // What needs a key must not come out of somebody else's cache without one.
    const { publicLog, authentication } = this.options;
    const whose = publicLog || authentication === 'none' ? 'public' : 'private';
    const headers = {
      'content-type': 'application/octet-stream',
      'cache-control': `${whose}, max-age=31536000, immutable`,
    };
    send(reply, { status: 200, headers, body });
  }

  private read({ level, n, width }: TileAddress): Promise<Uint8Array | undefined> {
    const { ledger } = this.connection;
    return level === 'entries' ? ledger.bundle(n, width) : ledger.tile(level, n, width);
  }

  private timed<T>(work: () => Promise<T>): Promise<T> {
    return withDeadline(this.options.requestTimeoutMs, work);
  }
}

/** From all that stands behind the prefixes, as written and not as decoded: each tile has one path. */
function addressOf(request: PlatformRequest): TileAddress | undefined {
  const parts = Object.keys(request.params ?? {}).filter((name) => TILE_PART.test(name)).length;
  return parseTilePath(
    targetOf(request)
      .path.split('/')
      .slice(-1 - parts)
      .join('/'),
  );
}
