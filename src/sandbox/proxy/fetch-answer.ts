/** A whole request and a whole answer, for a program that can reach no socket and asks the host. */
import { Readable } from 'node:stream';
import { makeExchange, upgradeTarget, type RunNetwork } from './exchange.ts';
import { parseAuthority } from './host-list.ts';
import { endToEnd } from './http-headers.ts';
import type { ProxyAnswer, ProxyFetch } from './proxy.ts';

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };
const METHOD = /^(?!CONNECT$)[A-Z][A-Z-]{0,31}$/u;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u;
/** RFC 9110, 5.5. */
const HEADER_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/u;

/** Never throws for what a program asks. */
export async function fetchAnswer(network: RunNetwork, request: ProxyFetch): Promise<ProxyAnswer> {
  const problem = requestProblem(network, request);
  const url = URL.parse(request.url);
  const target = url === null ? null : parseAuthority(url.host, PORTS[url.protocol] ?? 0);
  if (problem !== null || url === null || target === null) {
    const reason = problem ?? 'it names no host';
    const asked = { host: url?.hostname ?? '', port: target?.port ?? 0, path: url?.pathname ?? '' };
    network.log.begin({ method: request.method, ...asked }).end({ verdict: 'refused', reason });
    return { type: 'refused', reason };
  }
  const { body } = request;
  const headers = endToEnd(request.headers).filter(([name]) => !/^accept-encoding$/iu.test(name));
  const length = body === undefined ? [] : [['Content-Length', String(body.length)] as const];
  const place =
    url.protocol === 'https:' ? { target, secure: true } : upgradeTarget(network, target);
  const { rules } = network;
  const answer = await makeExchange(network, {
    method: request.method,
    ...place,
    path: url.pathname + url.search,
    // the program gets bytes as they come: it has nothing to unpack them with
    headers: [...headers, ['Accept-Encoding', 'identity'], ...length],
    body: body === undefined ? null : Readable.from([body]),
    answerBytes: Math.min(rules.limits.fetchBytes, rules.limits.responseBytes),
    signal: AbortSignal.any(
      request.signal === undefined ? [rules.closing] : [request.signal, rules.closing],
    ),
  });
  if (answer.type !== 'answered') return answer;
  try {
    const chunks = await answer.body.toArray();
    const { status, headers: answered } = answer;
    return {
      type: 'answered',
      status,
      headers: answered,
      body: new Uint8Array(Buffer.concat(chunks)),
    };
  } catch {
    return { type: 'failed', reason: 'the answer broke off, or is too long' };
  }
}

function requestProblem({ rules }: RunNetwork, request: ProxyFetch): string | null {
  const url = URL.parse(request.url);
  if (url === null || !Object.hasOwn(PORTS, url.protocol))
    return 'it is no http: or https: address';
  if (url.username !== '' || url.password !== '') return 'it names a user in its address';
  if (!METHOD.test(request.method)) return 'its method is none';
  if ((request.body?.length ?? 0) > rules.limits.requestBytes) return 'its body is too large';
  const bytes = request.headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes + request.url.length > rules.limits.headBytes) return 'its headers are too large';
  const isHeader = ([name, value]: readonly [string, string]): boolean =>
    HEADER_NAME.test(name) && HEADER_VALUE.test(value);
  return request.headers.every(isHeader) ? null : 'a header of it is none';
}
