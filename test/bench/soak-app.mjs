// One life after the other of the soak's application, and the clients that send requests to whichever lives.
import { fork } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Pool } from 'undici';

const APP = fileURLToPath(new URL('../support/audited-server.mjs', import.meta.url));
const HOOKS = pathToFileURL(fileURLToPath(new URL('soak-hooks.mjs', import.meta.url))).href;
const SAMPLE_MS = 2_000;

/** A process of the application, from its start to its end. */
export class Life {
  url;
  status;
  /** `{ atMs, rss }`, after garbage collection. */
  memory = [];
  endedBy;
  terminated = 0;

  constructor(number, { env, log }) {
    this.number = number;
    const platform = number % 2 === 0 ? 'fastify' : 'express';
    const execArgv = ['--expose-gc', '--import', HOOKS];
    this.child = fork(APP, [platform], { execArgv, env: { ...process.env, ...env }, silent: true });
    const startedAt = Date.now();
    this.listening = new Promise((resolve) => {
      this.child.stdout.on('data', (text) => {
        this.url ??= /listening (\S+)/.exec(text)?.[1];
        if (this.url) resolve(true);
      });
      this.ended = new Promise((done) => this.child.once('close', (...how) => done(how))).then(([code, signal]) => {
        this.url = undefined;
        this.endedBy ??= 'itself';
        clearInterval(this.sampling);
        appendFileSync(log, `life ${number} ended: ${code ?? signal}\n`);
        resolve(false);
      });
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (text) => appendFileSync(log, `${new Date().toISOString()} ${number}: ${text}`));
    }
    this.child.on('message', (status) => {
      this.status = status;
      this.memory.push({ atMs: Date.now() - startedAt, rss: status.rss });
    });
    this.child.on('error', () => undefined);
    this.sampling = setInterval(() => this.#tell('status'), SAMPLE_MS);
  }

  terminateWorker() {
    this.terminated++;
    this.#tell('terminate worker');
  }

  /** `how`: a signal, or an end of the application's own making. */
  async end(how) {
    // One that does not listen yet cannot be asked.
    const ending = how.startsWith('SIG') || this.url ? how : 'SIGKILL';
    this.endedBy ??= ending;
    if (ending.startsWith('SIG')) this.child.kill(ending);
    else await fetch(`${this.url}/end/${how}`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    const late = setTimeout(() => {
      this.endedBy = `${ending}, too late`;
      this.child.kill('SIGKILL');
    }, 30_000);
    await this.ended;
    clearTimeout(late);
  }

  #tell(message) {
    if (this.child.connected) this.child.send(message, () => undefined);
  }
}

/** Sends requests at a steady pace, in turn to a background and to a durable route. */
export class Clients {
  /** The status by the id of each request that was answered: `<b or d><life>-<number>`. */
  answered = new Map();
  life;
  #number = 0;
  #pool;
  #pooled;
  #stopped = false;

  constructor({ connections, perSecond }) {
    const pauseMs = (1_000 * connections) / perSecond;
    this.done = Promise.all(Array.from({ length: connections }, () => this.#send(pauseMs)));
  }

  /** As a load balancer would, before it tells a process to stop: Node's server waits for connections that are in use. */
  turnAway() {
    this.life = undefined;
    void this.#pool?.close();
    this.#pool = this.#pooled = undefined;
  }

  async stop() {
    this.#stopped = true;
    await this.done;
    await this.#pool?.destroy();
  }

  async #send(pauseMs) {
    while (!this.#stopped) {
      const began = Date.now();
      if (this.life?.url) await this.#request(this.life).catch(() => undefined);
      await sleep(Math.max(1, pauseMs - (Date.now() - began)));
    }
  }

  async #request({ url, number }) {
    if (this.#pooled !== url) {
      void this.#pool?.destroy();
      [this.#pool, this.#pooled] = [new Pool(url, { connections: 64, headersTimeout: 30_000 }), url];
    }
    const isDurable = ++this.#number % 2 === 0;
    const id = `${isDurable ? 'd' : 'b'}${number}-${this.#number}`;
    const [method, path] = isDurable ? ['POST', `/vault/${id}`] : ['GET', `/items/${id}`];
    const { statusCode, body } = await this.#pool.request({ method, path, headers: { 'x-request-id': id } });
    await body.dump();
    this.answered.set(id, statusCode);
  }
}
