import { Module, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { join } from 'node:path';
import {
  ApiKeys,
  createLedgerServer,
  ImmutableLogLedgerModule,
  Ledger,
  type LedgerModuleOptions,
  type LedgerMounting,
} from '../../lib/ledger/index.js';
import { KeptLines, temporaryFolder } from './ledger.js';
import { listen, platforms, type Platform } from './platforms.js';
import { send, type RawRequest, type RawResponse } from './raw-http.js';

export interface HostSetup extends ModuleMetadata {
  readonly options?: Partial<LedgerModuleOptions> & LedgerMounting;
  /** Before the application listens: what a user does in `main.ts`. */
  readonly prepare?: (app: INestApplication) => void;
}

/** A ledger behind HTTP, and a key for each scope. */
export interface LedgerHost {
  readonly url: string;
  readonly path: string;
  readonly ledger: Ledger;
  readonly apiKeys: ApiKeys;
  readonly lines: KeptLines;
  readonly ingest: string;
  readonly ingestId: string;
  readonly read: string;
  readonly app?: INestApplication;
  /** With the key for reading, unless the request brings its own. */
  get(path: string, over?: Partial<RawRequest>): Promise<RawResponse>;
  /** To `/v1/events`, with the key for ingestion. */
  post(body: NonNullable<RawRequest['body']>, headers?: Record<string, string>, path?: string): Promise<RawResponse>;
  close(): Promise<void>;
}

/** The ledger as one module of an application, on its platform with everything as it is by default. */
export async function mountLedger(platform: Platform, setup: HostSetup = {}): Promise<LedgerHost> {
  const { options, prepare, ...metadata } = setup;
  const folder = temporaryFolder();
  const lines = new KeptLines();
  const path = join(folder.path, 'ledger.db');
  const module = ImmutableLogLedgerModule.forRoot({ path, logger: lines, ballastBytes: 0, ...options });
  class AppModule {}
  Module({ ...metadata, imports: [...(metadata.imports ?? []), module] })(AppModule);
  const app = await platform.create(AppModule);
  prepare?.(app);
  const url = `http://127.0.0.1:${await listen(app)}`;
  const parts = { url, path, lines, app, ledger: app.get(Ledger), apiKeys: app.get(ApiKeys) };
  return host(parts, async () => {
    await app.close();
    folder.cleanUp();
  });
}

/** The ledger as a server of its own. */
export async function serveLedger(
  platform: Platform['name'],
  options: Partial<LedgerModuleOptions> & LedgerMounting = {},
): Promise<LedgerHost> {
  const folder = temporaryFolder();
  const lines = new KeptLines();
  const path = join(folder.path, 'ledger.db');
  const server = await createLedgerServer({ path, port: 0, platform, logger: lines, ballastBytes: 0, ...options });
  const { url, ledger, apiKeys } = server;
  return host({ url, path, lines, ledger, apiKeys }, async () => {
    await server.close();
    folder.cleanUp();
  });
}

/** Every way in which the ledger comes to listen. */
export const hosts = platforms.flatMap((platform) => [
  { name: `mounted on ${platform.name}`, platform, start: (setup?: HostSetup) => mountLedger(platform, setup) },
  {
    name: `served by ${platform.name}`,
    platform,
    start: (setup?: Pick<HostSetup, 'options'>) => serveLedger(platform.name, setup?.options),
  },
]);

/** A body as clients send it. */
export function anEventBody(payload: unknown = { kind: 'info', message: 'hello' }, meta: object = {}): string {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return JSON.stringify({ payload: text, meta: { type: 'info', event_name: 'test.event', service: 'shop', ...meta } });
}

type Parts = Pick<LedgerHost, 'url' | 'path' | 'lines' | 'ledger' | 'apiKeys' | 'app'>;

async function host(parts: Parts, close: () => Promise<void>): Promise<LedgerHost> {
  const { url, apiKeys } = parts;
  const { id: ingestId, secret: ingest } = await apiKeys.create({ name: 'shop', scopes: ['ingest'] });
  const { secret: read } = await apiKeys.create({ name: 'auditor', scopes: ['read'] });
  return {
    ...parts,
    ingest,
    ingestId,
    read,
    close,
    get: (path, over) => send(url, { path, headers: { authorization: `Bearer ${read}` }, ...over }),
    post: (body, headers = {}, path = '/v1/events') =>
      send(url, {
        method: 'POST',
        path,
        body,
        headers: { authorization: `Bearer ${ingest}`, 'content-type': 'application/json', ...headers },
      }),
  };
}
