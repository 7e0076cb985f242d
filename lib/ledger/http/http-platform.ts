import type { AbstractHttpAdapter } from '@nestjs/core';
import { send } from './answer.js';
import { HttpPlatformMissingError } from './http-platform-missing.error.js';
import { refusalAnswer } from './ledger-exception.filter.js';
import type { PlatformReply } from './platform.js';
import { RefusedRequest } from './refusals.js';

export const HTTP_PLATFORMS = ['fastify', 'express'] as const;
export type HttpPlatform = (typeof HTTP_PLATFORMS)[number];

interface FastifyInstance {
  removeAllContentTypeParsers(): void;
  addContentTypeParser(type: '*', parser: (request: unknown, payload: unknown, done: Done) => void): unknown;
}

type Done = (error: null, body: undefined) => void;

const LOADERS: Readonly<Record<HttpPlatform, () => Promise<AbstractHttpAdapter>>> = {
  fastify: async () => {
    const { FastifyAdapter } = await import('@nestjs/platform-fastify');
    // What Fastify refuses before there is a route.
    const adapter = new FastifyAdapter({
      frameworkErrors: (_error: unknown, _request: unknown, reply: unknown) =>
        send(reply as PlatformReply, refusalAnswer(new RefusedRequest('refused').refusal)),
    });
    const instance: FastifyInstance = adapter.getInstance();
    // Nobody but the ledger reads bodies here, and it reads them itself.
    instance.removeAllContentTypeParsers();
    instance.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
    return adapter;
  },
  express: async () => {
    const { ExpressAdapter } = await import('@nestjs/platform-express');
    const adapter = new ExpressAdapter();
    adapter.getInstance<{ disable(setting: string): unknown }>().disable('x-powered-by');
    return adapter;
  },
};

/** The HTTP platform of NestJS that is asked for, or else the first that is installed. */
export async function loadHttpPlatform(wanted?: HttpPlatform): Promise<AbstractHttpAdapter> {
  const causes: unknown[] = [];
  for (const name of wanted === undefined ? HTTP_PLATFORMS : [wanted]) {
    try {
      return await LOADERS[name]();
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw new HttpPlatformMissingError(wanted, { cause: causes[0] });
}
