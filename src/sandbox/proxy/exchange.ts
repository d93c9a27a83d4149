/**
 * One HTTP request to a host and its answer. The request is written anew by Node from what its parser has
 * read, never copied, so nobody on the way can read it as two (RFC 9112, 11.2).
 */
import { request as startRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { finished, pipeline, type Readable, type Transform } from 'node:stream';
import { SkeinError } from '#protocol/errors.ts';
import type { AccessLog, AccessRecord } from './access-record.ts';
import type { Target } from './host-list.ts';
import { endToEnd, headerOf, pairsOf, type Headers } from './http-headers.ts';
import {
  openUpstream,
  type NoUpstream,
  type Upstream,
  type UpstreamRules,
} from './open-upstream.ts';
import { countBytes, type ByteBudget } from './proxy-limits.ts';
import { makeScrubber, type Scrubber } from './scrub-secrets.ts';
import type { SecretHeader, SecretsFor } from './secret-headers.ts';

/** What all requests of one run share. */
export interface RunNetwork {
  readonly rules: UpstreamRules;
  readonly secretsFor: SecretsFor;
  readonly log: AccessLog;
  readonly budget: ByteBudget;
}

/** A request as a program makes it; `path` with its query. */
export interface Exchange {
  readonly method: string;
  readonly target: Target;
  readonly secure: boolean;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Readable | null;
  /** The most that its answer may have. */
  readonly answerBytes: number;
  readonly signal: AbortSignal;
}

/** An answer; its body has to be read or destroyed. */
export interface Answered {
  readonly type: 'answered';
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readable;
}

const HTTPS = 443;
const HTTP = 80;

/**
 * Where a plain `http:` request really goes: a host with a secret is spoken to by TLS only, at 443 when
 * the program named no port.
 */
export function upgradeTarget(
  { secretsFor }: Pick<RunNetwork, 'secretsFor'>,
  target: Target,
): Pick<Exchange, 'target' | 'secure'> {
  const secured = target.port === HTTP ? { ...target, port: HTTPS } : target;
  return secretsFor(secured).length > 0
    ? { target: secured, secure: true }
    : { target, secure: false };
}

/** Makes the request; its record is told when the body of the answer has ended. */
export async function makeExchange(
  network: RunNetwork,
  exchange: Exchange,
): Promise<Answered | NoUpstream> {
  const { method, target, path } = exchange;
  const [place = ''] = path.split('?');
  const record = network.log.begin({ method, ...target, path: place });
  const result = await attempt(network, exchange, record);
  if (result.type === 'answered') {
    const { status } = result;
    finished(result.body, { writable: false }, (error) => {
      record.end(error ? { status, ...failure(error) } : { verdict: 'allowed', status });
    });
  } else record.end({ verdict: result.type, reason: result.reason });
  return result;
}

async function attempt(
  network: RunNetwork,
  exchange: Exchange,
  record: AccessRecord,
): Promise<Answered | NoUpstream> {
  const { target, secure, signal } = exchange;
  const { requestBytes } = network.rules.limits;
  if (Number(headerOf(exchange.headers, 'content-length') ?? 0) > requestBytes) {
    return { type: 'refused', reason: `its body has more than ${requestBytes} bytes` };
  }
  const upstream = await openUpstream(network.rules, target, secure);
  if (upstream.type !== 'open') return upstream;
  record.address = upstream.address;
  // never without TLS: then anybody on the way could read them
  const secrets = secure ? network.secretsFor(target) : [];
  try {
    if (signal.aborted) throw signal.reason;
    const response = await send({ network, exchange, secrets, record }, upstream);
    const counted = countBytes(exchange.answerBytes, network.budget);
    record.bytesIn = counted.bytes;
    return readAnswer(response, counted.stream, makeScrubber(secrets));
  } catch (error) {
    upstream.socket.destroy();
    const { verdict, reason } = failure(error);
    return { type: verdict, reason };
  }
}

interface Sending {
  readonly network: RunNetwork;
  readonly exchange: Exchange;
  readonly secrets: readonly SecretHeader[];
  readonly record: AccessRecord;
}

/** Writes the request; resolves with the head of the answer. */
async function send(sending: Sending, { socket }: Upstream): Promise<IncomingMessage> {
  const { network, exchange, secrets, record } = sending;
  const { limits } = network.rules;
  const { method, path, body, signal } = exchange;
  socket.setTimeout(limits.idleMs, () => socket.destroy(timeout()));
  const request = startRequest({
    method,
    path,
    headers: outgoingHeaders(exchange, secrets).flat(),
    createConnection: () => socket,
    maxHeaderSize: limits.headBytes,
    insecureHTTPParser: false,
    signal,
  });
  const answer = responseOf(request);
  if (body === null) request.end();
  else record.bytesOut = sendBody(network, body, request);
  return answer;
}

/** Pipes a body that is left whole when the request fails: its connection has an answer to come. */
function sendBody(network: RunNetwork, body: Readable, request: ClientRequest): () => number {
  const counted = countBytes(network.rules.limits.requestBytes, network.budget);
  body.pipe(counted.stream);
  finished(body, { writable: false }, (error) => {
    if (error) counted.stream.destroy(error);
  });
  pipeline(counted.stream, request, (error) => {
    if (!error) return;
    body.unpipe(counted.stream);
    request.destroy(error);
  });
  return counted.bytes;
}

function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    // later errors are the response's
    request.on('error', reject);
    request.once('close', () => reject(new SkeinError('internal', 'Cannot read: no answer came')));
  });
}

/** The headers of the new request: its own host and length, the program's, the secrets in their place. */
function outgoingHeaders(exchange: Exchange, secrets: readonly SecretHeader[]): Headers {
  const { target, secure, body, headers } = exchange;
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const isUsual = target.port === (secure ? HTTPS : HTTP);
  const length = headerOf(headers, 'content-length');
  const framing: Headers =
    body === null
      ? []
      : [length === null ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', length]];
  const taken = new Set(secrets.map(({ header }) => header));
  // neither what is compressed nor what comes in parts can be searched for secrets
  if (secrets.length > 0) for (const each of ['accept-encoding', 'range']) taken.add(each);
  const own: Headers = secrets.length > 0 ? [['Accept-Encoding', 'identity']] : [];
  return [
    ['Host', isUsual ? host : `${host}:${target.port}`],
    ...endToEnd(headers).filter(([header]) => !taken.has(header.toLowerCase())),
    ...own,
    ...secrets.map(({ header, value }) => [header, value] as const),
    ...framing,
    ['Connection', 'close'],
  ];
}

/** The answer as the program gets it. */
function readAnswer(
  response: IncomingMessage,
  counted: Transform,
  scrubber: Scrubber | null,
): Answered {
  const raw = pairsOf(response.rawHeaders);
  const length = headerOf(raw, 'content-length');
  const coding = raw.some(([name, value]) => isCoding(name, value));
  if (scrubber !== null && coding) {
    throw new SkeinError(
      'sandbox-failed',
      'Cannot search the answer for secrets: it is compressed',
    );
  }
  const streams = scrubber === null ? [counted] : [counted, scrubber.body()];
  const body = pipeline([response, ...streams], () => undefined) as unknown as Readable;
  // stars change the length
  const framing: Headers = length === null || scrubber !== null ? [] : [['Content-Length', length]];
  const headers = endToEnd(raw);
  return {
    type: 'answered',
    status: response.statusCode ?? 0,
    headers: [...(scrubber === null ? headers : scrubber.headers(headers)), ...framing],
    body,
  };
}

const isCoding = (name: string, value: string): boolean =>
  name.toLowerCase() === 'content-encoding' && value.trim().toLowerCase() !== 'identity';

const timeout = (): SkeinError =>
  new SkeinError('request-timeout', 'Cannot wait any longer: nothing came');

/** A failure in words of our own: texts of others may hold what was sent. */
function failure(error: unknown): { readonly verdict: 'failed'; readonly reason: string } {
  if (error instanceof SkeinError) return { verdict: 'failed', reason: error.message };
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const reason = `the connection broke (${typeof code === 'string' ? code : 'no code'})`;
  return { verdict: 'failed', reason };
}
