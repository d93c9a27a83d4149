/** Secrets against a real TLS server that says all it was sent: who gets them, and what comes back. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { NetworkAccess } from '#sandbox/sandbox.ts';
import { openProxy } from './open-proxy.ts';
import type { Proxy, ProxyRequest } from './proxy.ts';

const skip =
  spawnSync('openssl', ['version']).status === 0 ? false : 'no openssl: apt install openssl';
const SECRET = 'Bearer top-secret-value';

let folder: string;
let ca: string;
let server: https.Server;
let port: number;
let seen: http.IncomingMessage[] = [];
let accesses: NetworkAccess[] = [];
let opened: Proxy[] = [];

/** A certificate for two of the three names, which is its own authority. */
function certify(): { readonly cert: Buffer; readonly key: Buffer } {
  const at = (name: string): string => path.join(folder, name);
  const made = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ];
  const names = ['-subj', '/CN=api.test', '-addext', 'subjectAltName=DNS:api.test,DNS:other.test'];
  const files = ['-keyout', at('key'), '-out', at('cert')];
  execFileSync('openssl', ['req', '-x509', ...made, ...names, ...files], { stdio: 'pipe' });
  return { cert: fs.readFileSync(at('cert')), key: fs.readFileSync(at('key')) };
}

function echo(request: http.IncomingMessage, response: http.ServerResponse): void {
  seen.push(request);
  const said = JSON.stringify(request.headers);
  const { authorization = '' } = request.headers;
  response.setHeader('X-Echo', authorization);
  if (request.url === '/away') response.writeHead(302, { location: `https://other.test:${port}/` });
  if (request.url === '/packed') response.setHeader('Content-Encoding', 'gzip');
  response.end(request.url === '/packed' ? gzipSync(said) : said);
}

before(async () => {
  if (skip !== false) return;
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-s-'));
  const made = certify();
  ca = made.cert.toString();
  server = https.createServer(made, echo);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

after(() => {
  if (skip !== false) return;
  server.closeAllConnections();
  server.close();
  fs.rmSync(folder, { recursive: true });
});

afterEach(async () => {
  await Promise.all(opened.map((proxy) => proxy.close()));
  [opened, seen, accesses] = [[], [], []];
});

const NAMES = ['api.test', 'other.test', 'third.test'];

async function open(request: Partial<ProxyRequest> = {}): Promise<Proxy> {
  const allow = NAMES.map((name) => `${name}:${port}`);
  const secrets = NAMES.filter((name) => name !== 'other.test').map((name) => ({
    name: 'KEY',
    host: `${name}:${port}`,
    header: 'Authorization',
  }));
  const proxy = await openProxy({
    folder,
    policy: { allow, secrets },
    readSecret: async (name) => (name === 'KEY' ? SECRET : undefined),
    resolve: async () => ['127.0.0.1'],
    allowPrivate: NAMES,
    onAccess: (access) => accesses.push(access),
    ca,
    ...request,
  });
  opened.push(proxy);
  return proxy;
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** What a program does that knows nothing of secrets: plain HTTP, to the proxy. */
function get(proxy: Proxy, url: string, headers: http.OutgoingHttpHeaders = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.get({ socketPath: proxy.socket, path: url, headers, agent: false });
    request.on('error', reject).on('response', async (response) => {
      const body = (await response.toArray()).join('');
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
    });
  });
}

describe('a secret', { skip }, () => {
  it('goes to its host by TLS, and comes back as stars', async () => {
    const proxy = await open();
    const mine = { authorization: 'mine', 'accept-encoding': 'gzip', range: 'bytes=9-12' };
    const { status, headers, body } = await get(proxy, `http://api.test:${port}/a`, mine);
    assert.equal(status, 200);
    assert.equal(seen[0]?.headers.authorization, SECRET);
    assert.equal(seen[0]?.headers['accept-encoding'], 'identity');
    assert.equal(seen[0]?.headers.range, undefined);
    assert.equal(headers['x-echo'], '***');
    assert.equal(JSON.parse(body).authorization, '***');
    assert.ok(!JSON.stringify(accesses).includes('secret'));
    assert.deepEqual([accesses[0]?.port, accesses[0]?.verdict], [port, 'allowed']);
  });

  it('would come back as it is without the proxy', async () => {
    const host = { host: '127.0.0.1', servername: 'api.test', port, ca, agent: false };
    const body = await new Promise<string>((resolve, reject) => {
      const headers = { authorization: SECRET };
      const request = https.get({ ...host, headers }, async (response) =>
        resolve((await response.toArray()).join('')),
      );
      request.on('error', reject);
    });
    assert.ok(body.includes(SECRET));
  });

  it('goes to no other host, not even after a redirect', async () => {
    const proxy = await open();
    const away = await get(proxy, `http://api.test:${port}/away`);
    assert.equal(away.status, 302);
    const url = away.headers.location ?? '';
    const other = await proxy.fetch({ method: 'GET', url, headers: [] });
    assert.ok(other.type === 'answered' && other.status === 200);
    assert.deepEqual(
      seen.map(({ headers }) => [headers.host, headers.authorization]),
      [
        [`api.test:${port}`, SECRET],
        [`other.test:${port}`, undefined],
      ],
    );
  });

  it('is put in for a program that has no socket too', async () => {
    const proxy = await open();
    for (const scheme of ['http', 'https']) {
      const url = `${scheme}://api.test:${port}/`;
      const answer = await proxy.fetch({ method: 'GET', url, headers: [] });
      assert.ok(answer.type === 'answered');
      assert.equal(JSON.parse(Buffer.from(answer.body).toString()).authorization, '***');
    }
    assert.ok(seen.every(({ headers }) => headers.authorization === SECRET));
  });

  it('goes to nobody who can not prove the name, or whom nobody knows', async (context) => {
    const proxy = await open();
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    context.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
    assert.equal((await get(proxy, `http://third.test:${port}/`)).status, 502);
    const stranger = await openProxy({
      folder,
      policy: { allow: [`api.test:${port}`] },
      resolve: async () => ['127.0.0.1'],
      allowPrivate: NAMES,
      onAccess: (access) => accesses.push(access),
    });
    opened.push(stranger);
    const url = `https://api.test:${port}/`;
    assert.equal((await stranger.fetch({ method: 'GET', url, headers: [] })).type, 'failed');
    assert.deepEqual(seen, []);
    assert.deepEqual(
      accesses.map(({ verdict }) => verdict),
      ['failed', 'failed'],
    );
  });

  it('is not looked for in what is compressed: there is no answer then', async () => {
    const proxy = await open();
    assert.equal((await get(proxy, `http://api.test:${port}/packed`)).status, 502);
    assert.equal(accesses[0]?.verdict, 'failed');
  });
});

describe('a policy with secrets', { skip }, () => {
  it('is refused without a value, for a host off the list, and for a header that is none', async () => {
    const left = fs.readdirSync(folder);
    const readSecret = async (): Promise<undefined> => undefined;
    await assert.rejects(open({ readSecret }), { name: 'secret-missing', message: /KEY/ });
    const secret = { name: 'KEY', host: 'api.test', header: 'X-Key' };
    const policy = (allow: string[], some: object) => ({
      allow,
      secrets: [{ ...secret, ...some }],
    });
    const bad = [policy([], {}), policy(['api.test:8443'], {}), policy(['*.test.org'], {})];
    const headers = ['Host', 'Content-Length', 'a b', 'a\r\nb', '', 'Connection'];
    const rows = headers.map((header) => policy(['api.test'], { header }));
    for (const each of [...bad, ...rows]) {
      await assert.rejects(open({ policy: each }), { name: 'usage' }, JSON.stringify(each));
    }
    const cut = { readSecret: async () => 'a\r\nX: y', policy: policy(['api.test'], {}) };
    await assert.rejects(open(cut), { name: 'usage' });
    assert.deepEqual(fs.readdirSync(folder), left, 'no socket was made');
  });
});
