import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, type DynamicModule, type Type } from '@nestjs/common';
import { connect } from 'node:net';
import { AuditedApp } from '../../support/audited-app.js';
import { listen, platforms } from '../../support/platforms.js';
import { requestsOf, withAndWithout } from '../../support/with-and-without.js';

@Controller('ping')
class PingController {
  @Get()
  ping(): object {
    return { pong: true };
  }
}

function rootModule(imports: DynamicModule[]): Type {
  @Module({ imports, controllers: [PingController] })
  class AppModule {}
  return AppModule;
}

describe.each(platforms)('requests that are sent at once over one connection on $name', (platform) => {
  it('are recorded once each, as answered', async () => {
    const audited = await AuditedApp.start(platform, { controllers: [PingController] });
    const line = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
    const answer = await writeRaw(
      Number(new URL(audited.url).port),
      line('/ping') + line('/nothing') + line('/ping', 'Connection: close\r\n'),
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
    const ends = (await audited.events()).map(({ event }) => `${event.request?.path ?? ''} ${event.outcome ?? ''}`);
    await audited.close();
    expect(ends.sort()).toEqual(['/nothing failure', '/ping success', '/ping success']);
  });
});

describe.each(platforms)('what is no request on $name', (platform) => {
  it.each([
    ['a request line that is none', 'this is not HTTP\r\n\r\n'],
    ['a broken header', 'GET /ping HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n'],
    ['too many header bytes', `GET /ping HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`],
  ])('is answered as without the module and no event: %s', async (_name, bytes) => {
    const compared = await withAndWithout(async (audit) => {
      const served = await platform.create(rootModule(audit));
      try {
        const port = await listen(served);
        const answer = await writeRaw(port, bytes);
        return [answer, (await fetch(`http://127.0.0.1:${String(port)}/ping`)).status];
      } finally {
        await served.close();
      }
    });
    expect(compared.without).toEqual([expect.stringMatching(/^HTTP\/1\.1 4\d\d /), 200]);
    expect(compared.with).toEqual(compared.without);
    expect(requestsOf(compared.events)).toEqual(['GET /ping 200']);
  });

  it('an upgrade that nobody handles is a request', async () => {
    const upgrade =
      'GET /ping HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n';
    const compared = await withAndWithout(async (audit) => {
      const served = await platform.create(rootModule(audit));
      try {
        return (await writeRaw(await listen(served), upgrade, '{"pong":true}')).split('\r\n')[0];
      } finally {
        await served.close();
      }
    });
    expect(compared.without).toBe('HTTP/1.1 200 OK');
    expect(compared.with).toEqual(compared.without);
    expect(requestsOf(compared.events)).toEqual(['GET /ping 200']);
  });
});

/** Writes bytes and reads until the server hangs up, or until what was read ends with `until`. */
function writeRaw(port: number, bytes: string, until?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let read = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(4_000, () => socket.destroy(new Error(`no answer; read ${read}`)));
    socket.setEncoding('latin1').on('data', (text: string) => {
      read += text;
      if (until !== undefined && read.endsWith(until)) socket.end();
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(read));
  });
}
