// One application under load, in a process of its own: `node http-app.mjs <platform> <variant>`.
// Answers POST /cpu with the CPU time the process has used so far, in microseconds.
import 'reflect-metadata';
import { Controller, Get, Module, Post } from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ImmutableLogModule } from 'nestjs-immutable-log';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [platform, variant, endpoint] = process.argv.slice(2);

class ItemsController {
  list() {
    return { items: [1, 2, 3] };
  }

  create() {
    return { created: true };
  }
}
Controller('items')(ItemsController);
for (const [name, decorate] of [
  ['list', Get()],
  ['create', Post()],
]) {
  decorate(ItemsController.prototype, name, Object.getOwnPropertyDescriptor(ItemsController.prototype, name));
}

// One for each process: two of them on one file would wait for each other.
const folder = mkdtempSync(join(tmpdir(), 'http-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const ledger = { path: join(folder, 'ledger.db') };

const variants = {
  plain: {},
  interceptor: {
    providers: [{ provide: APP_INTERCEPTOR, useValue: { intercept: (_context, next) => next.handle() } }],
  },
  local: { imports: [ImmutableLogModule.forRoot({ mode: 'local', ledger })] },
  durable: { imports: [ImmutableLogModule.forRoot({ mode: 'local', ledger, guarantee: 'durable' })] },
  remote: {
    imports: [
      ImmutableLogModule.forRoot({
        mode: 'remote',
        apiKey: 'iml_bench',
        apiUrl: endpoint,
        delivery: { concurrency: 64, maxBufferedEvents: 100_000 },
      }),
    ],
  },
};

class AppModule {}
Module({ controllers: [ItemsController], ...variants[variant] })(AppModule);
const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
const app = await NestFactory.create(AppModule, adapter, { logger: false });
await app.listen(0, '127.0.0.1');
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMicros: user + system, rss: process.memoryUsage().rss });
});
process.send({ port: app.getHttpServer().address().port });
