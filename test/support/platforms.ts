import { createRequire } from 'node:module';
import type { DynamicModule, INestApplication, NestApplicationOptions, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

/** Those of `NestFactory.create()`, as plain data. */
type NestOptions = { readonly [Key in keyof NestApplicationOptions]: NestApplicationOptions[Key] };

export interface PlatformOptions extends NestOptions {
  /** Largest JSON body. Default: the platform's own. */
  readonly bodyLimitBytes?: number;
}

/** An HTTP platform, of whichever NestJS major the running test project resolves `@nestjs/*` to. */
export interface Platform {
  readonly name: 'express' | 'fastify';
  /** Made, but neither initialised nor listening. Silent; what fails at start is thrown. */
  create(root: Type | DynamicModule, options?: PlatformOptions): Promise<INestApplication>;
}

const quiet: NestOptions = { logger: false, abortOnError: false };

export const platforms: readonly Platform[] = [
  {
    name: 'express',
    create: async (root, { bodyLimitBytes, ...options } = {}) => {
      const settings: NestOptions = { ...quiet, ...options };
      const app = await NestFactory.create<NestExpressApplication>(root, new ExpressAdapter(), settings);
      return bodyLimitBytes === undefined ? app : app.useBodyParser('json', { limit: bodyLimitBytes });
    },
  },
  {
    name: 'fastify',
    create: async (root, { bodyLimitBytes, ...options } = {}) => {
      const adapter = new FastifyAdapter(bodyLimitBytes === undefined ? {} : { bodyLimit: bodyLimitBytes });
      const settings: NestOptions = { ...quiet, ...options };
      return NestFactory.create(root, adapter, settings);
    },
  },
];

const { version } = createRequire(import.meta.url)('@nestjs/core/package.json') as { version: string };

/** Major of the NestJS that the running test project resolves `@nestjs/*` to. */
export const nestMajor = Number.parseInt(version, 10);

/** Listens on a free port of 127.0.0.1 and returns it. */
export async function listen(app: INestApplication): Promise<number> {
  await app.listen(0, '127.0.0.1');
  return (app.getHttpServer() as { address(): { port: number } }).address().port;
}
