/** Real programs in a real jail: they reach the listed server through the proxy, and nothing else. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { openBubblewrap } from '#sandbox/jail/bubblewrap/open-bubblewrap.ts';
import type { JailBackend, JailRequest } from '#sandbox/jail/jail.ts';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { NetworkAccess } from '#sandbox/sandbox.ts';
import { openProxy } from '../open-proxy.ts';
import type { Proxy } from '../proxy.ts';
import { behindProxy } from './behind-proxy.ts';

const backend = await openBubblewrap();
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const missing = hasCurl ? false : 'no curl: apt install curl';
const skip = 'problem' in backend ? `${backend.problem}. ${backend.fix}` : missing;

let folder: string;
let server: http.Server;
let sink: net.Server;
let proxy: Proxy;
let ports: { readonly server: number; readonly sink: number };
let accesses: NetworkAccess[] = [];
let hits: string[] = [];
let sunk = 0;

const listen = async (listening: net.Server): Promise<number> => {
  await new Promise<void>((resolve) => void listening.listen(0, '127.0.0.1', resolve));
  return (listening.address() as AddressInfo).port;
};

before(async () => {
  if (skip !== false) return;
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-b-'));
  server = http.createServer((request, response) => {
    hits.push(request.url ?? '');
    response.end('it answered');
  });
  sink = net.createServer((socket) => {
    sunk += 1;
    socket.on('error', () => undefined).destroy();
  });
  ports = { server: await listen(server), sink: await listen(sink) };
  proxy = await openProxy({
    folder,
    policy: { allow: [`ok.test:${ports.server}`, `ok.test:${ports.sink}`] },
    resolve: async () => ['127.0.0.1'],
    allowPrivate: ['ok.test'],
    onAccess: (access) => accesses.push(access),
  });
});

after(async () => {
  if (skip !== false) return;
  await proxy.close();
  server.closeAllConnections();
  server.close();
  sink.close();
  fs.rmSync(folder, { recursive: true });
});

beforeEach(() => {
  [accesses, hits, sunk] = [[], [], 0];
});

interface Ended {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
}

/** Runs a command in a jail that has the proxy. */
async function run(
  argv: readonly string[],
  change: (request: JailRequest) => JailRequest = (request) => behindProxy(request, proxy.socket),
): Promise<Ended> {
  const request: JailRequest = {
    argv,
    cwd: '/tmp',
    environment: {},
    mounts: [],
    limits: COMMAND_LIMITS,
    stdio: ['pipe', 'pipe', 'pipe'],
  };
  const jailed = (backend as JailBackend).start(change(request));
  jailed.stderr?.resume();
  jailed.stdin?.end('from stdin');
  const chunks = jailed.stdout === null ? [] : await jailed.stdout.toArray();
  const { exitCode, signal } = await jailed.ended;
  return { exitCode, signal, stdout: Buffer.concat(chunks).toString() };
}

const curl = (url: string, ...more: readonly string[]): readonly string[] => [
  'curl',
  '-sS',
  '-m',
  '20',
  ...more,
  url,
];
const fetching = (url: string): readonly string[] => [
  '/opt/skein-bridge/node',
  '-e',
  `fetch(${JSON.stringify(url)}).then((r) => r.text()).then((t) => process.stdout.write(t))`,
];

describe('a command behind the proxy', { skip }, () => {
  it('reaches the listed server with curl and with the fetch of Node', async () => {
    const url = `http://ok.test:${ports.server}`;
    assert.deepEqual((await run(curl(`${url}/curl`))).stdout, 'it answered');
    assert.deepEqual((await run(fetching(`${url}/fetch`))).stdout, 'it answered');
    assert.deepEqual(hits, ['/curl', '/fetch']);
    assert.ok(accesses.every(({ verdict, host }) => verdict === 'allowed' && host === 'ok.test'));
  });

  it('reaches it by a tunnel, for its own name only', async () => {
    await run(curl(`https://ok.test:${ports.sink}/`));
    assert.equal(sunk, 1);
    const connect = ['--connect-to', `::ok.test:${ports.sink}`];
    await run(curl('https://evil.test/', '-k', ...connect));
    assert.deepEqual(
      accesses.map(({ method, host, verdict }) => [method, host, verdict]),
      [
        ['CONNECT', 'ok.test', 'allowed'],
        ['CONNECT', 'ok.test', 'refused'],
      ],
    );
  });

  it('reaches nothing else, by the proxy or past it', async () => {
    const direct = `http://127.0.0.1:${ports.server}/direct`;
    // the twin: the same command without a jail
    const [program = '', ...args] = curl(direct, '--noproxy', '*');
    await promisify(execFile)(program, args);
    assert.deepEqual(hits, ['/direct']);
    hits = [];
    assert.notEqual((await run(curl(direct, '--noproxy', '*'))).exitCode, 0);
    const refused = [
      `http://127.0.0.1:${ports.server}/`,
      'http://other.test/',
      'http://localhost/',
    ];
    for (const url of refused) await run(curl(url, '--noproxy', 'nothing'));
    assert.deepEqual(hits, []);
    assert.deepEqual(
      accesses.map(({ verdict }) => verdict),
      ['refused', 'refused', 'refused'],
    );
  });

  it('has the same streams, environment and end as without it', async () => {
    const script = 'cat; echo " $A"; exit 7';
    const change = (request: JailRequest): JailRequest =>
      behindProxy({ ...request, environment: { A: 'b' } }, proxy.socket);
    const ended = await run(['sh', '-c', script], change);
    assert.deepEqual([ended.stdout, ended.exitCode], ['from stdin b\n', 7]);
    const killed = await run(['sh', '-c', 'kill -KILL $$']);
    assert.ok(killed.signal === 'SIGKILL' || killed.exitCode === 137, JSON.stringify(killed));
    assert.equal((await run(['no-such-program'])).exitCode, 127);
  });
});
