/** The proxy over its socket, against real servers of this machine, as a program would try it. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { NetworkAccess } from '#sandbox/sandbox.ts';
import { openProxy } from './open-proxy.ts';
import type { Proxy, ProxyRequest } from './proxy.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly raw: readonly string[];
  readonly body: string;
}

let folder: string;
let server: http.Server;
let sink: net.Server;
let port: number;
let sinkPort: number;
let seen: Seen[] = [];
let sunk: Buffer[] = [];
let accesses: NetworkAccess[] = [];
let opened: Proxy[] = [];

const portOf = (listening: net.Server): number => (listening.address() as net.AddressInfo).port;
const listen = (listening: net.Server): Promise<void> =>
  new Promise((resolve) => void listening.listen(0, '127.0.0.1', resolve));

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-p-'));
  server = http.createServer(async (request, response) => {
    const body = (await request.toArray()).join('');
    const { method = '', url = '', headers, rawHeaders: raw } = request;
    seen.push({ method, url, headers, raw, body });
    if (url === '/away') response.writeHead(302, { location: 'http://other.test/' });
    if (url === '/large') response.write('x'.repeat(50_000));
    if (url === '/silent') return;
    response.end(`answer to ${method} ${url}`);
  });
  sink = net.createServer((socket) => {
    socket.on('error', () => undefined).on('data', (chunk: Buffer) => sunk.push(chunk));
  });
  await Promise.all([listen(server), listen(sink)]);
  port = portOf(server);
  sinkPort = portOf(sink);
});

after(() => {
  server.closeAllConnections();
  server.close();
  sink.close();
  fs.rmSync(folder, { recursive: true });
});

afterEach(async () => {
  await Promise.all(opened.map((proxy) => proxy.close()));
  opened = [];
  seen = [];
  sunk = [];
  accesses = [];
});

/** A proxy that may go to `ok.test` at both ports; names lead to this machine. */
async function open(request: Partial<ProxyRequest> = {}): Promise<Proxy> {
  const proxy = await openProxy({
    folder,
    policy: { allow: [`ok.test:${port}`, `ok.test:${sinkPort}`] },
    resolve: async () => ['127.0.0.1'],
    allowPrivate: ['ok.test'],
    onAccess: (access) => accesses.push(access),
    ...request,
  });
  opened.push(proxy);
  return proxy;
}

/** All that comes back for bytes that are written to the proxy. */
function talk(proxy: Proxy, text: string | Uint8Array, end = false): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(proxy.socket);
    let answer = '';
    socket.on('error', () => undefined).on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('close', () => resolve(answer));
    socket.write(text);
    if (end) socket.end();
  });
}

const get = (proxy: Proxy, url: string, more = ''): Promise<string> =>
  talk(proxy, `GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${more}\r\n`);
const statusOf = (answer: string): number => Number(answer.split(' ')[1] ?? 0);

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds() && tries < 2_000; tries += 1) {
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
  assert.ok(holds(), 'it came about in time');
}

describe('a request to a listed host', () => {
  it('is answered, written anew, and told without header, body and query', async () => {
    const proxy = await open();
    const head = `POST http://OK.test:${port}/a/b?token=1 HTTP/1.1\r\nHost: evil.test\r\n`;
    const hop =
      'Connection: close, x-mine\r\nX-Mine: 1\r\nProxy-Authorization: Basic x\r\nTE: trailers\r\n';
    const answer = await talk(proxy, `${head}${hop}X-Kept: 1\r\nContent-Length: 5\r\n\r\nhello`);
    assert.equal(statusOf(answer), 200);
    assert.ok(answer.endsWith('answer to POST /a/b?token=1'));
    assert.equal(seen[0]?.body, 'hello');
    const kept = ['X-Kept', '1', 'Content-Length', '5', 'Connection', 'close'];
    assert.deepEqual(seen[0]?.raw, ['Host', `ok.test:${port}`, ...kept]);
    const bytes = { bytesIn: 'answer to POST /a/b?token=1'.length, bytesOut: 5 };
    const place = { method: 'POST', host: 'ok.test', port, path: '/a/b', address: '127.0.0.1' };
    assert.deepEqual(accesses, [{ ...place, verdict: 'allowed', status: 200, ...bytes }]);
  });

  it('is told once, whatever it expects', async () => {
    const proxy = await open();
    const line = `GET http://ok.test:${port}/ HTTP/1.1\r\nConnection: close\r\n`;
    const websocket = 'Connection: upgrade\r\nUpgrade: websocket\r\n';
    for (const more of ['', 'Expect: miracles\r\n', 'Expect: 100-continue\r\n', websocket]) {
      assert.match(await talk(proxy, `${line}${more}\r\n`), /^HTTP\/1\.1 [12]00/, more);
    }
    assert.deepEqual([seen.length, accesses.length], [4, 4]);
    assert.ok(seen.every(({ headers }) => headers.expect === undefined));
    assert.ok(seen.every(({ headers }) => headers.upgrade === undefined));
  });

  it('may have a body of unknown length', async () => {
    const proxy = await open();
    const head = `GET http://ok.test:${port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`;
    await talk(proxy, `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`);
    assert.equal(seen[0]?.body, 'hello');
    assert.equal(seen[0]?.headers['transfer-encoding'], 'chunked');
  });

  it('is handed redirects, which are not followed', async () => {
    const proxy = await open();
    const answer = await get(proxy, `http://ok.test:${port}/away`);
    assert.equal(statusOf(answer), 302);
    assert.match(answer, /location: http:\/\/other\.test\//);
    assert.equal(seen.length, 1);
    assert.equal(statusOf(await get(proxy, 'http://other.test/')), 403);
  });

  it('is one of a hundred at once, each told', async () => {
    const proxy = await open();
    const urls = Array.from({ length: 100 }, (_, at) => `http://ok.test:${port}/${at}`);
    const answers = await Promise.all(urls.map((url) => get(proxy, url)));
    assert.ok(answers.every((answer, at) => answer.endsWith(`answer to GET /${at}`)));
    const paths = new Set(accesses.map((access) => access.path));
    assert.deepEqual([accesses.length, paths.size], [100, 100]);
  });
});

describe('a request that is refused', () => {
  it('goes nowhere, and is told with the reason', async () => {
    const proxy = await open({ policy: { allow: [`ok.test:${port}`, `private.test:${port}`] } });
    const urls = [
      `ok.test:${port + 1}`,
      'other.test',
      `sub.ok.test:${port}`,
      `private.test:${port}`,
    ];
    for (const url of [...urls, `127.0.0.1:${port}`, `[::1]:${port}`, '169.254.169.254']) {
      assert.equal(statusOf(await get(proxy, `http://${url}/x`)), 403, url);
      assert.match(
        await talk(
          proxy,
          `CONNECT ${url.includes(':') ? url : `${url}:80`} HTTP/1.1\r\nHost: x\r\n\r\n`,
        ),
        /^HTTP\/1\.1 403/,
      );
    }
    assert.deepEqual(seen, []);
    assert.deepEqual(new Set(accesses.map(({ verdict }) => verdict)), new Set(['refused']));
    assert.equal(accesses.length, 14);
    assert.ok(accesses.every(({ reason }) => reason !== undefined));
    // the twin: the same server, named by its address, with the list open for it
    const raw = await open({
      policy: { allow: [`127.0.0.1:${port}`] },
      allowPrivate: ['127.0.0.1'],
    });
    assert.equal(statusOf(await get(raw, `http://127.0.0.1:${port}/x`)), 200);
  });

  it('is one in another form than a proxy takes', async () => {
    const proxy = await open();
    const targets = [
      '/x',
      `https://ok.test:${port}/`,
      `http://u:p@ok.test:${port}/`,
      'ftp://ok.test/',
    ];
    for (const target of [...targets, 'http://', `http://ok.test:${port}\\@evil.test/`, '*']) {
      assert.equal(statusOf(await get(proxy, target)), 400, target);
    }
    assert.match(
      await talk(proxy, 'CONNECT ok.test HTTP/1.1\r\nHost: x\r\n\r\n'),
      /^HTTP\/1\.1 400/,
    );
    assert.equal(accesses.length, 8);
    assert.deepEqual(seen, []);
  });

  it('is one that can be read in two ways', async () => {
    const proxy = await open();
    const line = `POST http://ok.test:${port}/ HTTP/1.1\r\nHost: x\r\n`;
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    const heads = [
      'Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'Content-Length: 0\r\nContent-Length: 44\r\n\r\n',
      'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
      'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
      'X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'X: a\rContent-Length: 4\r\n\r\n',
    ];
    for (const head of heads) await talk(proxy, line + head + smuggled, true);
    assert.ok(!seen.some(({ url }) => url === '/smuggled'));
    assert.ok(accesses.filter(({ verdict }) => verdict === 'refused').length >= heads.length);
  });
});

describe('a name that changes its mind', () => {
  it('is resolved once, and its checked address is the one connected to', async () => {
    let calls = 0;
    const turning = async (): Promise<readonly string[]> => {
      calls += 1;
      return calls === 1 ? ['127.0.0.2'] : ['127.0.0.1'];
    };
    const proxy = await open({ resolve: turning });
    await get(proxy, `http://ok.test:${port}/`);
    assert.equal(calls, 1);
    assert.notEqual(accesses[0]?.address, '127.0.0.1', 'a second look-up would have led there');
    assert.deepEqual(seen, []);
  });

  it('is refused when one of its addresses is not global', async () => {
    for (const bad of ['127.0.0.1', '169.254.169.254', '::ffff:127.0.0.1', '10.0.0.1', 'fd00::1']) {
      const proxy = await open({ resolve: async () => ['1.1.1.1', bad], allowPrivate: [] });
      assert.equal(statusOf(await get(proxy, `http://ok.test:${port}/`)), 403, bad);
    }
    const metadata = await open({ resolve: async () => ['169.254.169.254'] });
    assert.equal(statusOf(await get(metadata, `http://ok.test:${port}/`)), 403);
    assert.ok(accesses.every(({ address }) => address === null));
  });

  it('may stay away, or never answer', async () => {
    const none = await open({ resolve: async () => [] });
    assert.equal(statusOf(await get(none, `http://ok.test:${port}/`)), 502);
    const never = await open({
      resolve: () => new Promise(() => undefined),
      limits: { connectMs: 50 },
    });
    assert.equal(statusOf(await get(never, `http://ok.test:${port}/`)), 502);
    assert.deepEqual(
      accesses.map(({ verdict }) => verdict),
      ['failed', 'failed'],
    );
  });
});

/** CONNECT to the sink, then a TLS client that names `servername`. */
async function handshake(proxy: Proxy, servername: string): Promise<void> {
  const socket = net.connect(proxy.socket).on('error', () => undefined);
  socket.write(`CONNECT ok.test:${sinkPort} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  const tls = connectTls({ socket, servername }).on('error', () => undefined);
  const count = accesses.length;
  await until(() => sunk.length > 0 || accesses.length > count);
  tls.destroy();
  socket.destroy();
}

describe('a tunnel', () => {
  it('carries a handshake that names its host', async () => {
    const proxy = await open();
    await handshake(proxy, 'ok.test');
    assert.equal(sunk[0]?.[0], 22);
    await until(() => accesses.length === 1);
    const place = { method: 'CONNECT', host: 'ok.test', port: sinkPort, path: '' };
    const { bytesOut = 0, ...rest } = accesses[0] ?? {};
    const told = { verdict: 'allowed', status: 200, bytesIn: 0 };
    assert.deepEqual(rest, { ...place, address: '127.0.0.1', ...told });
    assert.ok(bytesOut > 100);
  });

  it('carries no handshake for another name, and nothing but TLS', async () => {
    const proxy = await open();
    await handshake(proxy, 'evil.test');
    const head = `CONNECT ok.test:${sinkPort} HTTP/1.1\r\nHost: x\r\n\r\n`;
    await talk(proxy, `${head}GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n`);
    assert.deepEqual(sunk, []);
    assert.deepEqual(
      accesses.map(({ verdict }) => verdict),
      ['refused', 'refused'],
    );
  });

  it('ends when nothing comes, or only the beginning', async () => {
    const proxy = await open({ limits: { headMs: 200 } });
    const head = `CONNECT ok.test:${sinkPort} HTTP/1.1\r\nHost: x\r\n\r\n`;
    await talk(proxy, head);
    await talk(proxy, Buffer.concat([Buffer.from(head), Buffer.from([22, 3, 1, 2, 0, 1])]));
    assert.deepEqual(sunk, []);
    assert.equal(accesses.length, 2);
  });
});

describe('limits of the proxy', () => {
  const told = (): (string | undefined)[] => accesses.map(({ verdict }) => verdict);

  it('end a head that is too large or too slow', async () => {
    const proxy = await open({ limits: { headBytes: 2_000, headMs: 100 } });
    assert.equal(
      statusOf(await get(proxy, `http://ok.test:${port}/`, `X: ${'x'.repeat(3_000)}\r\n`)),
      400,
    );
    assert.equal(statusOf(await talk(proxy, `GET http://ok.test:${port}/ HTTP/1.1\r\nX: `)), 400);
    assert.deepEqual([told(), seen], [['refused', 'refused'], []]);
  });

  it('end a body that is too large, in both directions', async () => {
    const proxy = await open({ limits: { requestBytes: 100, responseBytes: 1_000 } });
    const head = `POST http://ok.test:${port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n`;
    assert.equal(statusOf(await talk(proxy, head + 'x'.repeat(5_000))), 403);
    const chunked = head.replace('Content-Length: 5000', 'Transfer-Encoding: chunked');
    const chunk = `${(5_000).toString(16)}\r\n${'x'.repeat(5_000)}\r\n0\r\n\r\n`;
    assert.equal(statusOf(await talk(proxy, chunked + chunk)), 502);
    const answer = await get(proxy, `http://ok.test:${port}/large`);
    assert.ok(answer.length < 2_000, 'it is cut');
    assert.deepEqual(told(), ['refused', 'failed', 'failed']);
    const run = await open({ limits: { totalBytes: 60_000 } });
    for (const each of [1, 2]) await get(run, `http://ok.test:${port}/large?${each}`);
    await get(run, `http://ok.test:${port}/large`);
    await until(() => accesses.length === 6);
    await get(run, `http://ok.test:${port}/large`);
    assert.equal(accesses.at(-1)?.verdict, 'failed');
  });

  it('end too many at once', async () => {
    const proxy = await open({ limits: { connections: 2, fetches: 1 } });
    const silent = `http://ok.test:${port}/silent`;
    const held = [get(proxy, silent), get(proxy, silent)];
    await until(() => seen.length === 2);
    assert.equal(await get(proxy, silent), '');
    const fetched = proxy.fetch({ method: 'GET', url: silent, headers: [] });
    const second = await proxy.fetch({ method: 'GET', url: silent, headers: [] });
    assert.equal(second.type, 'refused');
    assert.deepEqual(told(), ['refused', 'refused']);
    await until(() => seen.length === 3);
    await proxy.close();
    await Promise.all([...held, fetched]);
    assert.equal(accesses.length, 5);
  });

  it('end a server that never answers', async () => {
    const proxy = await open({ limits: { idleMs: 100 } });
    assert.equal(statusOf(await get(proxy, `http://ok.test:${port}/silent`)), 502);
    assert.deepEqual(told(), ['failed']);
  });

  it('shut the proxy after too many requests', async () => {
    const proxy = await open({ limits: { requests: 3 } });
    for (let each = 0; each < 6; each += 1) await get(proxy, `http://ok.test:${port}/${each}`);
    assert.equal(seen.length, 3);
    assert.deepEqual(told(), ['allowed', 'allowed', 'allowed', 'refused']);
  });
});

describe('closing', () => {
  it('ends what is under way, tells it, and leaves no socket', async () => {
    const proxy = await open();
    const place = fs.statSync(path.dirname(proxy.socket));
    assert.equal(place.mode & 0o777, 0o700);
    const waiting = get(proxy, `http://ok.test:${port}/silent`);
    const head = `CONNECT ok.test:${sinkPort} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const tunnel = talk(proxy, head);
    const fetched = proxy.fetch({
      method: 'GET',
      url: `http://ok.test:${port}/silent`,
      headers: [],
    });
    await until(() => seen.length === 2);
    await proxy.close();
    assert.equal(accesses.length, 3);
    await Promise.all([waiting, tunnel]);
    assert.equal((await fetched).type, 'failed');
    assert.equal(fs.existsSync(path.dirname(proxy.socket)), false);
    await assert.rejects(fs.promises.access(proxy.socket));
    await proxy.close();
  });

  it('is not needed for a socket that never was', async () => {
    const long = path.join(folder, 'x'.repeat(100));
    await assert.rejects(open({ folder: long }), { name: 'sandbox-failed' });
    assert.deepEqual(fs.readdirSync(long), []);
  });
});

describe('fetching through the proxy', () => {
  it('holds to the same list and is told in the same way', async () => {
    const proxy = await open();
    const body = Uint8Array.from(Buffer.from('hello'));
    const url = `http://ok.test:${port}/f?q=1#part`;
    const answer = await proxy.fetch({
      method: 'PUT',
      url,
      headers: [
        ['host', 'evil.test'],
        ['X-A', 'b'],
      ],
      body,
    });
    assert.ok(answer.type === 'answered');
    assert.equal(Buffer.from(answer.body).toString(), 'answer to PUT /f?q=1');
    assert.deepEqual([seen[0]?.headers.host, seen[0]?.headers['x-a']], [`ok.test:${port}`, 'b']);
    const urls = [
      'http://other.test/',
      'file:///etc/passwd',
      'http://u@ok.test/',
      'x',
      'http://2130706433/',
    ];
    for (const bad of urls) {
      assert.equal(
        (await proxy.fetch({ method: 'GET', url: bad, headers: [] })).type,
        'refused',
        bad,
      );
    }
    const headers = [['X', 'a\r\nY: b']] as const;
    assert.equal((await proxy.fetch({ method: 'GET', url, headers })).type, 'refused');
    assert.equal((await proxy.fetch({ method: 'GET /x', url, headers: [] })).type, 'refused');
    assert.equal(accesses.length, 8);
    assert.equal(seen.length, 1);
  });

  it('ends an answer that is too large', async () => {
    const proxy = await open({ limits: { responseBytes: 1_000 } });
    const url = `http://ok.test:${port}/large`;
    assert.equal((await proxy.fetch({ method: 'GET', url, headers: [] })).type, 'failed');
    assert.equal(accesses[0]?.verdict, 'failed');
  });
});
