/**
 * `CONNECT host:port`: a tunnel for TLS. Nobody looks into it; but its first message has to be a TLS
 * handshake that names the asked host, so that a host on the list is no way to another one behind the
 * same address.
 */
import type { Socket } from 'node:net';
import { isIP } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { SkeinError } from '#protocol/errors.ts';
import type { AccessRecord } from './access-record.ts';
import { MAX_HELLO_BYTES, readClientHello } from './client-hello.ts';
import type { RunNetwork } from './exchange.ts';
import { parseAuthority } from './host-list.ts';
import { openUpstream, type Upstream } from './open-upstream.ts';
import { countBytes } from './proxy-limits.ts';

/** A fatal alert: unrecognized_name (RFC 6066, 3). */
const WRONG_NAME = Buffer.from([21, 3, 3, 0, 2, 2, 112]);

/** Serves one CONNECT until both sides are closed; `head` is what came after it. */
export async function openTunnel(
  network: RunNetwork,
  client: Socket,
  { authority, head }: { readonly authority: string; readonly head: Buffer },
): Promise<void> {
  const { rules, log } = network;
  const target = parseAuthority(authority, 0);
  const asked = target ?? { host: authority, port: 0 };
  const record = log.begin({ method: 'CONNECT', ...asked, path: '' });
  const refuse = (status: string, verdict: 'refused' | 'failed', reason: string): void => {
    record.end({ verdict, reason });
    client.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n${reason}\n`);
    client.destroySoon();
  };
  if (target === null) return refuse('400 Bad Request', 'refused', 'it names no host and port');
  const upstream = await openUpstream(rules, target, false);
  if (upstream.type !== 'open') {
    const status = upstream.type === 'refused' ? '403 Forbidden' : '502 Bad Gateway';
    return refuse(status, upstream.type, upstream.reason);
  }
  record.address = upstream.address;
  upstream.socket.on('error', () => client.destroy());
  client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
  if (head.length > 0) client.unshift(head);
  const problem = await checkHello(client, target.host, rules.limits.headMs);
  if (problem === null) return carry(network, { client, upstream, record });
  upstream.socket.destroy();
  record.end({ verdict: 'refused', reason: problem });
  client.end(WRONG_NAME);
  client.destroySoon();
}

/** Why the first message is refused, or null; what was read goes back to where it came from. */
async function checkHello(client: Socket, host: string, limitMs: number): Promise<string | null> {
  let bytes = Buffer.alloc(0);
  const late = AbortSignal.timeout(limitMs);
  for (;;) {
    const hello = readClientHello(bytes);
    if (hello.type === 'bad') return hello.reason;
    if (hello.type === 'hello') {
      if (hello.isHidden) return 'its TLS handshake hides the name of the host';
      // a name is never an address there (RFC 6066, 3)
      const isName = isIP(host) === 0;
      const named = hello.serverName ?? (isName ? 'nobody' : host);
      if (named !== host) return `its TLS handshake names ${named}`;
      client.unshift(bytes);
      return null;
    }
    if (bytes.length > MAX_HELLO_BYTES) return 'its TLS handshake is too long';
    const chunk = await nextChunk(client, late);
    if (chunk === null) return 'its TLS handshake never came';
    bytes = Buffer.concat([bytes, chunk]);
  }
}

/** Null at the end of the stream and when it is late. */
function nextChunk(client: Socket, late: AbortSignal): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const settle = (): void => {
      const chunk = client.read() as Buffer | null;
      const isOver = late.aborted || client.readableEnded || client.destroyed;
      if (chunk === null && !isOver) return;
      for (const event of ['readable', 'end', 'close']) client.off(event, settle);
      late.removeEventListener('abort', settle);
      resolve(chunk);
    };
    for (const event of ['readable', 'end', 'close']) client.on(event, settle);
    late.addEventListener('abort', settle);
    settle();
  });
}

interface Carried {
  readonly client: Socket;
  readonly upstream: Upstream;
  readonly record: AccessRecord;
}

/** Passes bytes both ways until both have ended, or one breaks. */
async function carry({ rules, budget }: RunNetwork, carried: Carried): Promise<void> {
  const { client, upstream, record } = carried;
  const { socket } = upstream;
  socket.setTimeout(rules.limits.idleMs, () => socket.destroy());
  const up = countBytes(Infinity, budget);
  const down = countBytes(Infinity, budget);
  record.bytesOut = up.bytes;
  record.bytesIn = down.bytes;
  const results = await Promise.allSettled([
    pipeline(client, up.stream, socket),
    pipeline(socket, down.stream, client),
  ]);
  client.destroy();
  socket.destroy();
  const limit = results.find(
    (result) => result.status === 'rejected' && result.reason instanceof SkeinError,
  );
  // a side that hangs up is how tunnels end
  if (limit === undefined) record.end({ verdict: 'allowed', status: 200 });
  else record.end({ verdict: 'failed', reason: 'the run used all its bytes', status: 200 });
}
