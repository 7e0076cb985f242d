// The endpoint of the soak: takes events as the API does, and misbehaves as it is told to. It remembers keys, not events,
// so that hours of them fit into memory.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export const MOODS = ['accept', 'slow', '500', '429', '401', 'reset', 'reset-late', 'garbage', 'hang', 'down'];

export class SoakEndpoint {
  mood = 'accept';
  attempts = 0;
  /** Hash of the payload by idempotency key. */
  taken = new Map();
  /** What no client may do. */
  violations = [];
  #server = this.#make();
  #port = 0;

  async start() {
    await this.#listen();
    return `http://127.0.0.1:${this.#port}`;
  }

  async change(mood) {
    const [wasDown, isDown] = [this.mood === 'down', mood === 'down'];
    this.mood = mood;
    if (isDown && !wasDown) await this.close();
    if (wasDown && !isDown) {
      this.#server = this.#make();
      await this.#listen();
    }
  }

  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #listen() {
    await new Promise((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = this.#server.address().port;
  }

  #make() {
    return createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.on('end', () => void this.#answer(request, Buffer.concat(chunks).toString(), response));
    });
  }

  async #answer({ headers, socket }, body, response) {
    this.attempts++;
    const refuse = (status, more = {}) => reply(response, status, { ok: false, reason: 'soak' }, more);
    switch (this.mood) {
      case 'slow':
        await sleep(200 + Math.random() * 400);
        break;
      case '500':
        return refuse(500);
      case '429':
        return refuse(429, { 'retry-after': '1' });
      case '401':
        return refuse(401);
      case 'reset':
        return socket.resetAndDestroy();
      case 'reset-late':
        this.#take(headers, body);
        return socket.resetAndDestroy();
      case 'garbage':
        return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
      case 'hang':
        return;
    }
    reply(response, 202, this.#take(headers, body));
  }

  #take({ 'idempotency-key': key = '' }, body) {
    const { payload } = JSON.parse(body);
    const hash = createHash('sha256').update(payload).digest('hex');
    const known = this.taken.get(key);
    if (JSON.parse(payload).id !== key) this.violations.push(`an event came under the key ${key}, not its own`);
    if (known !== undefined && known !== hash) this.violations.push(`two events came under the key ${key}`);
    this.taken.set(key, hash);
    const receipt = { ok: true, tx_id: `tx_${hash}`, payload_hash: hash, status: 'accepted' };
    return { ...receipt, duplicate: known !== undefined };
  }
}

function reply(response, status, json, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
}
