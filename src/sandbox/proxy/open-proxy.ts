/** Opens the proxy of one run: a Unix socket in a folder of its own, and all that is shared by requests. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline, type Duplex } from 'node:stream';
import { SkeinError } from '#protocol/errors.ts';
import { AccessLog } from './access-record.ts';
import { makeExchange, upgradeTarget, type RunNetwork } from './exchange.ts';
import { fetchAnswer } from './fetch-answer.ts';
import { parseAuthority, parseHostList, type Target } from './host-list.ts';
import { pairsOf } from './http-headers.ts';
import { systemResolve } from './open-upstream.ts';
import { proxyLimits } from './proxy-limits.ts';
import type { Proxy, ProxyAnswer, ProxyFetch, ProxyRequest } from './proxy.ts';
import { readSecrets } from './secret-headers.ts';
import { openTunnel } from './tunnel.ts';

// sun_path has 108 bytes on Linux and 104 on macOS, its NUL counted
const MAX_SOCKET_PATH = 103;

/** Throws `usage` for a bad policy, `secret-missing`, `sandbox-failed` when there can be no socket. */
export async function openProxy(request: ProxyRequest): Promise<Proxy> {
  const { policy, readSecret = async () => undefined } = request;
  const isListed = parseHostList(policy.allow);
  const secretsFor = await readSecrets(policy.secrets ?? [], isListed, readSecret);
  const limits = proxyLimits(request.limits);
  const closing = new AbortController();
  const network: RunNetwork = {
    rules: {
      isListed,
      resolve: request.resolve ?? systemResolve,
      limits,
      allowPrivate: new Set(request.allowPrivate),
      ca: request.ca,
      closing: closing.signal,
    },
    secretsFor,
    log: new AccessLog(request.onAccess),
    budget: { left: limits.totalBytes },
  };
  const run = new ProxyRun(network, closing);
  await run.listen(request.folder);
  return run;
}

class ProxyRun implements Proxy {
  readonly #network: RunNetwork;
  readonly #closing: AbortController;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #tasks = new Set<Promise<unknown>>();
  /** Connections with a request that has a record of its own. */
  readonly #busy = new WeakSet<Duplex>();
  #folder = '';
  #requests = 0;
  #fetches = 0;
  #closed: Promise<void> | undefined;

  constructor(network: RunNetwork, closing: AbortController) {
    this.#network = network;
    this.#closing = closing;
    const { limits } = network.rules;
    this.#server = createServer({
      maxHeaderSize: limits.headBytes,
      headersTimeout: limits.headMs,
      requestTimeout: 0,
      connectionsCheckingInterval: Math.ceil(limits.headMs / 4),
      keepAliveTimeout: limits.idleMs,
      insecureHTTPParser: false,
      // each request is told, also one that Node would answer by itself
      requireHostHeader: false,
    });
    this.#server.maxConnections = limits.connections;
    this.#server
      .on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
      })
      .on('request', (incoming, outgoing) => this.#track(this.#serve(incoming, outgoing)))
      .on('checkExpectation', (incoming, outgoing) => this.#track(this.#serve(incoming, outgoing)))
      .on('connect', (incoming, socket, head) => this.#track(this.#connect(incoming, socket, head)))
      .on('clientError', (error, socket) => this.#refuseConnection(error, socket))
      .on('drop', () => {
        if (!this.#isOver()) this.#refuse('', 'too many connections at once');
      });
  }

  get socket(): string {
    return join(this.#folder, 'proxy.sock');
  }

  async listen(parent: string): Promise<void> {
    await mkdir(parent, { recursive: true });
    // only the owner enters it: what may connect is what the socket is shown to
    this.#folder = await mkdtemp(join(parent, 'proxy-'));
    try {
      if (Buffer.byteLength(this.socket) > MAX_SOCKET_PATH) {
        throw new SkeinError('sandbox-failed', `Cannot open a proxy: ${this.socket} is too long`, {
          fix: 'Use a folder with a shorter path.',
        });
      }
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject).listen(this.socket, resolve);
      });
      // in a jail the program may be another user
      await chmod(this.socket, 0o666);
    } catch (error) {
      await rm(this.#folder, { recursive: true, force: true });
      throw error;
    }
  }

  async fetch(request: ProxyFetch): Promise<ProxyAnswer> {
    if (this.#isOver()) return { type: 'refused', reason: 'the proxy is closed' };
    if (this.#fetches >= this.#network.rules.limits.fetches) {
      const reason = 'too many calls of fetch at once';
      this.#refuse(request.method, reason);
      return { type: 'refused', reason };
    }
    this.#fetches += 1;
    try {
      return await this.#track(fetchAnswer(this.#network, request));
    } finally {
      this.#fetches -= 1;
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await Promise.allSettled(this.#tasks);
    this.#network.log.endAll('the run is over');
    await rm(this.#folder, { recursive: true, force: true });
  }

  #track<T>(task: Promise<T>): Promise<T> {
    this.#tasks.add(task);
    const forget = (): void => void this.#tasks.delete(task);
    task.then(forget, forget);
    return task;
  }

  /** Counts a request; at one more than allowed it is told and everything ends. */
  #isOver(): boolean {
    if (this.#closing.signal.aborted) return true;
    this.#requests += 1;
    const { requests } = this.#network.rules.limits;
    if (this.#requests <= requests) return false;
    this.#refuse('', `more than ${requests} requests: the proxy is shut`);
    void this.close();
    return true;
  }

  #refuse(method: string, reason: string): void {
    const nothing = { method, host: '', port: 0, path: '' };
    this.#network.log.begin(nothing).end({ verdict: 'refused', reason });
  }

  /** What Node's parser did not take for a request, or what did not come in time. */
  #refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
    const code = String(error.code);
    const isRequest = code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (isRequest && !this.#busy.has(socket) && !this.#isOver()) {
      this.#refuse('', `it is no complete HTTP request (${code})`);
    }
    if (socket.writable) socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    socket.destroy();
  }

  async #connect({ url = '' }: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (this.#isOver()) socket.destroy();
    else await openTunnel(this.#network, socket as Socket, { authority: url, head });
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url = '', socket } = incoming;
    if (this.#isOver()) return void socket.destroy();
    const asked = parseProxyUrl(url);
    if (asked === null) {
      this.#refuse(method, 'it is no request to a proxy');
      return answer(outgoing, 400, 'Write http://host/path, or CONNECT host:443 for TLS.');
    }
    this.#busy.add(socket);
    const gone = new AbortController();
    outgoing.once('close', () => gone.abort());
    const { 'content-length': length, 'transfer-encoding': coding } = incoming.headers;
    const result = await makeExchange(this.#network, {
      method,
      ...upgradeTarget(this.#network, asked.target),
      path: asked.path,
      headers: pairsOf(incoming.rawHeaders),
      body: length === undefined && coding === undefined ? null : incoming,
      answerBytes: this.#network.rules.limits.responseBytes,
      signal: AbortSignal.any([gone.signal, this.#closing.signal]),
    });
    this.#busy.delete(socket);
    if (result.type !== 'answered') {
      return answer(outgoing, result.type === 'refused' ? 403 : 502, result.reason);
    }
    outgoing.sendDate = false;
    try {
      outgoing.writeHead(result.status, result.headers.flat());
    } catch {
      // a status or header that Node does not send
      result.body.destroy(new SkeinError('internal', 'Cannot pass it on: its head is none'));
      return void socket.destroy();
    }
    await new Promise<void>((resolve) => {
      pipeline(result.body, outgoing, () => resolve());
    });
    // answered before all of it was sent: what is left would be read as the next request
    if (!incoming.complete) socket.destroySoon();
  }
}

function answer(outgoing: ServerResponse, status: number, reason: string): void {
  // its body may still be on the way, and nobody reads it
  outgoing.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  outgoing.end(`${reason}\n`);
}

/** `http://host:port/path?query`, without a user, a fragment, or another scheme. */
function parseProxyUrl(url: string): { readonly target: Target; readonly path: string } | null {
  const [, authority, rest = ''] = /^http:\/\/([^/?#]*)([/?][^#]*)?$/iu.exec(url) ?? [];
  const target = authority === undefined ? null : parseAuthority(authority, 80);
  return target === null ? null : { target, path: rest.startsWith('/') ? rest : `/${rest}` };
}
