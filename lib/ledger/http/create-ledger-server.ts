import type { INestApplication, LoggerService, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { AuditLogger } from '../../event/audit-logger.js';
import { InvalidOptionsError } from '../../options/invalid-options.error.js';
import { ApiKeys } from '../api-keys/api-keys.js';
import { Ledger } from '../ledger.js';
import { loadHttpPlatform } from './http-platform.js';
import type { HttpPlatform } from './http-platform.js';
import { ImmutableLogLedgerModule } from './immutable-log-ledger.module.js';
import type { LedgerMounting } from './immutable-log-ledger.module.js';
import { LedgerExceptionFilter } from './ledger-exception.filter.js';
import { resolveLedgerModuleOptions } from './ledger-module.options.js';
import type { LedgerModuleOptions } from './ledger-module.options.js';

export interface LedgerServerOptions extends Partial<LedgerModuleOptions>, LedgerMounting {
  /** Only this machine reaches it unless told otherwise. */
  readonly host?: string;
  /** 0: any that is free. */
  readonly port: number;
  /** The first that is installed unless given. */
  readonly platform?: HttpPlatform;
  /** Longest that `close()` waits for requests that are on, in milliseconds. */
  readonly shutdownTimeoutMs?: number;
}

/** A ledger that listens. */
export interface LedgerServer {
  /** For the option `apiUrl` of clients. */
  readonly url: string;
  readonly ledger: Ledger;
  readonly apiKeys: ApiKeys;
  /** Takes no new requests, answers those that are on, and lets go of the ledger. Idempotent. */
  close(): Promise<void>;
}

/** Those of `NestFactory.create()`, as plain data. */
type NestOptions = { readonly [Key in keyof NestApplicationOptions]: NestApplicationOptions[Key] };

const SHUTDOWN_TIMEOUT_MS = 10_000;
const IDLE_CHECK_MS = 25;

/**
 * A server of its own for a ledger. For a process of its own: what NestJS logs in the process goes to `logger` from here
 * on.
 *
 * Rejects as `openLedger` does, with `InvalidOptionsError`, `HttpPlatformMissingError`, or the error of the listening.
 */
export async function createLedgerServer(options: LedgerServerOptions): Promise<LedgerServer> {
  const { host = '127.0.0.1', port, platform, shutdownTimeoutMs = SHUTDOWN_TIMEOUT_MS, basePath, ...given } = options;
  // Node.js takes it for all addresses; it comes of a variable that is not set.
  if (host === '') throw new InvalidOptionsError(["host is '': must be a name or an address"]);
  const resolved = resolveLedgerModuleOptions(given);
  const adapter = await loadHttpPlatform(platform);
  const root = ImmutableLogLedgerModule.forRoot({ ...given, ...(basePath !== undefined && { basePath }) });
  let isListening = false;
  const settings: NestOptions = {
    abortOnError: false,
    bodyParser: false,
    logger: nestLogger(resolved.logger, () => isListening),
  };
  const app = await NestFactory.create(root, adapter, settings);
  app.useGlobalFilters(new LedgerExceptionFilter(resolved));
  const server = app.getHttpServer() as Server;
  const connections = openConnections(server);
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    throw error;
  }
  isListening = true;
  const url = urlOf(server.address() as AddressInfo);
  resolved.logger.log(`The ledger listens on ${url}`);
  let closing: Promise<void> | undefined;
  return {
    url,
    ledger: app.get(Ledger),
    apiKeys: app.get(ApiKeys),
    close: () => (closing ??= shutDown(app, connections, shutdownTimeoutMs)),
  };
}

/** Those that a server has at any time. */
function openConnections(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return open;
}

async function shutDown(app: INestApplication, connections: ReadonlySet<Socket>, timeoutMs: number): Promise<void> {
  const server = app.getHttpServer() as Server;
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
  const idle = setInterval(() => {
    // A connection that is kept alive is idle only once its last request is answered.
    server.closeIdleConnections();
    // One on which nothing was ever said never counts as idle to Node.js.
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
  }, IDLE_CHECK_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
    clearInterval(idle);
  }
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/**
 * What NestJS has to say of routes and modules is of no interest to who runs a ledger; an error at the start is the
 * caller's, and need not be said twice.
 */
function nestLogger(logger: AuditLogger, isListening: () => boolean): LoggerService {
  const quiet = (): void => undefined;
  const error = (message: unknown): void => (isListening() ? logger.error(String(message)) : undefined);
  return {
    log: quiet,
    debug: quiet,
    verbose: quiet,
    warn: (message) => logger.warn(String(message)),
    error,
    fatal: error,
  };
}
