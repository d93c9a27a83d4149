/**
 * Serves the metrics, and nothing else, on a TCP address that the operator has named: without a
 * token, because scrapers have none, and without names or contents. Reading does not keep a node awake.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import { SkeinError } from '#protocol/errors.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import { chooseFormat, CONTENT_TYPES } from '#telemetry/text-format.ts';

/** The most scrapers that may be connected at once; Prometheus keeps one connection open. */
const MOST_CONNECTIONS = 16;

/** How long a request may take to come. */
const REQUEST_MS = 10_000;

/** Where metrics are served until it is closed; `url` has the port that was free when 0 was asked for. */
export interface MetricsServer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Serves `GET /metrics` at `host:port`. Throws `usage` for what is no address or can't be had. */
export async function serveMetrics(address: string, metrics: Metrics): Promise<MetricsServer> {
  const { host, port } = readAddress(address);
  const server = createServer((request, response) => void answer(metrics, request, response));
  server.maxConnections = MOST_CONNECTIONS;
  server.headersTimeout = REQUEST_MS;
  server.requestTimeout = REQUEST_MS;
  await listen(server, { host, port }, address);
  const { port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://${isIPv6(host) ? `[${host}]` : host}:${chosen}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464`. The host must be said: all of them is a choice. */
function readAddress(address: string): Address {
  const [, bracketed, plain, digits = ''] =
    /^(?:\[([^\]]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  const isAddress = host !== undefined && (bracketed === undefined || isIPv6(bracketed));
  if (isAddress && digits !== '' && port <= 65_535) return { host, port };
  throw new SkeinError('usage', `Cannot serve metrics at ${address}: it is no host:port`, {
    fix: 'Name both, such as 127.0.0.1:9464 or [::1]:9464.',
  });
}

async function listen(server: Server, { host, port }: Address, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Later ones, such as too many open files, pass: a scraper that was not served tries again.
  server.on('error', (cause: NodeJS.ErrnoException) => {
    const state = cause.code === 'EADDRINUSE' ? 'the port is in use' : cause.message;
    reject(
      new SkeinError('usage', `Cannot serve metrics at ${address}: ${state}`, {
        cause,
        fix: 'Choose another address, or port 0 for any that is free.',
      }),
    );
  });
  server.listen({ host, port }, resolve);
  await promise;
}

async function answer(
  metrics: Metrics,
  { method = '', url = '', headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refuse = (status: number, text: string): void =>
    void response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`);
  if (url.split('?', 1)[0] !== '/metrics') return refuse(404, 'Only /metrics is here.');
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return refuse(405, 'Metrics can only be read.');
  }
  const format = chooseFormat(headers.accept ?? '');
  try {
    const text = await metrics.expose(format);
    response.writeHead(200, { 'content-type': CONTENT_TYPES[format], 'cache-control': 'no-store' });
    response.end(text);
  } catch {
    // What went wrong may name a file: that is for the log of who can read the home.
    refuse(500, 'Cannot tell the metrics.');
  }
}
