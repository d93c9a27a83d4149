/** Links over real sockets, and what strangers may cost a node that accepts them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { testHello, type TestHello } from './fixtures/test-hello.ts';
import type { Link, LinkLimits } from './link.ts';
import { describeLink } from './link-conformance.ts';
import { dialWs, PEER_PATH, serveLinks } from './ws-link.ts';

interface Served {
  readonly server: Server;
  readonly address: string;
  readonly hello: TestHello;
  readonly accepted: Promise<Link>;
  readonly close: () => void;
}

async function serve(limits: Partial<LinkLimits> = {}, helloMs = 5_000): Promise<Served> {
  const hello = testHello({ limits, helloMs });
  const server = createServer();
  const accepted = Promise.withResolvers<Link>();
  await serveLinks(server, hello, accepted.resolve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { server, address: `ws://127.0.0.1:${port}`, hello, accepted: accepted.promise, close };
}

describeLink('the link over a WebSocket', async (limits) => {
  const { address, accepted, close } = await serve(limits);
  const dialler = await dialWs(address, testHello({ limits }));
  return { dialler, acceptor: await accepted, close };
});

describe('a node that accepts links', () => {
  it('ends a connection whose frame declares more than is allowed, before it comes', async () => {
    const { address, accepted, close, hello } = await serve({ frameBytes: 100_000 });
    const dialler = await dialWs(address, testHello());
    const acceptor = await accepted;
    acceptor.serve(() => ({ params: null }));
    await dialler.call('fits', null, { body: Buffer.alloc(90_000) });
    dialler.tell('oversize', null, Buffer.alloc(110_000));
    assert.match(await acceptor.closed, /max payload size exceeded/i);
    assert.deepEqual(hello.refusals, ['frame-oversize']);
    close();
  });

  it('gives a stranger little room and little time', async () => {
    const { address, close, hello } = await serve({}, 150);
    const chatty = new WebSocket(new URL(PEER_PATH, address));
    chatty.on('error', () => undefined);
    await once(chatty, 'open');
    // Declares 4 MB and sends half of it: it is not waited for.
    chatty.send(Buffer.alloc(4 << 20));
    await once(chatty, 'close');
    const silent = new WebSocket(new URL(PEER_PATH, address));
    await once(silent, 'open');
    await once(silent, 'close');
    assert.ok(hello.refusals.includes('hello-late'), hello.refusals.join());
    close();
  });

  it('refuses text, other paths, and one address that tries too often', async () => {
    const { address, close, hello } = await serve();
    const texting = new WebSocket(new URL(PEER_PATH, address));
    await once(texting, 'open');
    texting.send('{}');
    await once(texting, 'close');
    const lost = new WebSocket(new URL('/v1/other', address));
    const [error] = (await once(lost, 'error')) as [Error];
    assert.match(error.message, /404/);
    const statuses = await Promise.all(Array.from({ length: 60 }, () => upgradeStatus(address)));
    assert.ok(statuses.includes('101') && statuses.includes('503'), statuses.join());
    assert.ok(hello.refusals.includes('too-many'));
    close();
  });
});

/** The status of one bare upgrade. */
function upgradeStatus(address: string): Promise<string> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  socket.write(
    `GET ${PEER_PATH} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  return new Promise((resolve) => {
    socket.once('error', () => resolve('error'));
    socket.once('data', (data) => {
      resolve(data.toString('latin1').split(' ')[1] ?? '');
      socket.destroy();
    });
  });
}
