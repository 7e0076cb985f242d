// An application as a user has it, in a process of its own. Its options come from the environment. A parent that sends it
// a message is answered with its status.
import { Controller, Get, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuditEvent, ImmutableLogModule, ImmutableLogService } from 'nestjs-immutable-log';

class WorkController {
  constructor(log) {
    this.log = log;
  }

  work(id) {
    return { id, pid: process.pid };
  }

  vault(id) {
    return { id, pid: process.pid };
  }

  receipt(id) {
    return { id, pid: process.pid };
  }

  status() {
    globalThis.gc?.();
    return { ...this.log.status(), rss: process.memoryUsage().rss };
  }

  hang() {
    return new Promise(() => undefined);
  }

  end(how) {
    if (how === 'exit') process.exit(7);
    if (how === 'reject') void Promise.reject(new Error('nobody handles this'));
    else
      setImmediate(() => {
        throw new Error('nobody catches this');
      });
    return new Promise(() => undefined);
  }
}

function route(name, ...decorators) {
  let descriptor = Object.getOwnPropertyDescriptor(WorkController.prototype, name);
  // From the last to the first, as a compiler would: some give another method.
  for (const decorate of decorators.reverse()) {
    descriptor = decorate(WorkController.prototype, name, descriptor) ?? descriptor;
  }
  Object.defineProperty(WorkController.prototype, name, descriptor);
}
Reflect.defineMetadata('design:paramtypes', [ImmutableLogService], WorkController);
for (const name of ['work', 'vault', 'receipt', 'end'])
  Param(name === 'end' ? 'how' : 'id')(WorkController.prototype, name, 0);
route('work', Get('items/:id'));
// Without a ledger nothing is durable.
const vault = process.env.IMTBL_MODE === 'remote' ? {} : { guarantee: 'durable', onFailure: 'reject' };
route('vault', Post('vault/:id'), AuditEvent({ name: 'vault.opened', ...vault }));
route('receipt', Post('receipts/:id'), AuditEvent({ guarantee: 'confirmed', onFailure: 'reject' }));
route('status', Get('status'));
route('hang', Get('hang'));
route('end', Get('end/:how'));
Controller()(WorkController);

class AppModule {}
const audit = ImmutableLogModule.forRoot({
  serviceName: process.env.IMTBL_SERVICE_NAME ?? 'work',
  capture: { skipPaths: ['/status'] },
  ledger: { ballastBytes: 0 },
  delivery: { retryBaseMs: 10, retryCapMs: 200, ...JSON.parse(process.env.AUDITED_DELIVERY ?? '{}') },
});
Module({ imports: [audit], controllers: [WorkController] })(AppModule);

const isFastify = process.argv[2] === 'fastify';
// Loaded by those only that need it: it takes a tenth of the start.
const adapters = isFastify ? [new (await import('@nestjs/platform-fastify')).FastifyAdapter()] : [];
const app = await NestFactory.create(AppModule, ...adapters, { logger: ['error'] });
if (process.argv[3] !== 'without-hooks') app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log(`listening ${await app.getUrl()}`);
const controller = app.get(WorkController);
process.on('message', () => process.send(controller.status()));
