/** Speaks to the node of a home over its Unix socket: in the name of the person, or of a token. */
import type { IncomingMessage } from 'node:http';
import type { HomePaths } from '#daemon/home/home-paths.ts';
import { readSecretFile } from '#identity/secret-file.ts';
import { fromErrorBody, SkeinError } from '#protocol/errors.ts';
import { askPlainly } from './socket/plain-request.ts';
import { readData } from './terminal/read-data.ts';

/** A connection to a node; each call is one HTTP request. */
export interface NodeClient {
  readonly get: <T>(path: string) => Promise<T>;
  readonly bytes: (path: string) => Promise<Buffer>;
  readonly post: <T>(command: CommandCall) => Promise<T>;
  /** The lines of an answer as they come; with a `body` that is posted. */
  readonly lines: (path: string, signal?: AbortSignal, body?: object) => AsyncIterable<string>;
}

/** A command to send; `id` makes a repeated call harmless. */
export interface CommandCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly space?: string;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/**
 * A client for the node that serves `paths`; it must be up. `given` = another token than the person's.
 * `parse` reads answers: harmless for a terminal, unless what was said must come through exactly.
 * With `revive` the node need not be up: it is called when nobody listens, and the call is made again.
 */
export function makeNodeClient(
  paths: HomePaths,
  given?: string,
  parse: (text: string) => unknown = readData,
  revive?: () => Promise<void>,
): NodeClient {
  const tokenNow = (): string => given ?? readSecretFile(paths.personToken) ?? '';
  const again = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call().catch((cause: unknown) => {
        if (revive === undefined || !isNobody(cause)) throw cause;
        return revive().then(call);
      });
    } catch (cause) {
      throw cause instanceof SkeinError ? cause : unreachable(cause);
    }
  };
  const whole = async ({ method, path, body }: Call): Promise<Buffer> => {
    const answer = await again(() =>
      askPlainly(paths.socket, { method, path, body, token: tokenNow() }),
    );
    if (answer.status < 400) return answer.body;
    throw fromErrorBody(readData(answer.body.toString('utf8')));
  };
  const stream = async (call: Call): Promise<IncomingMessage> => {
    const response = await again(() => ask(paths.socket, tokenNow(), call));
    if ((response.statusCode ?? 500) < 400) return response;
    throw fromErrorBody(readData((await collect(response)).toString('utf8')));
  };
  const json = async <T>(call: Call): Promise<T> =>
    parse((await whole(call)).toString('utf8')) as T;
  return {
    get: (path) => json({ method: 'GET', path }),
    bytes: (path) => whole({ method: 'GET', path }),
    post: ({ name, ...body }) =>
      json({ method: 'POST', path: `/v1/commands/${name}`, body: JSON.stringify(body) }),
    lines: (path, signal, body) => {
      const call: Call = {
        ...(body === undefined
          ? { method: 'GET' }
          : { method: 'POST', body: JSON.stringify(body) }),
        path,
        ...(signal ? { signal } : {}),
      };
      return readLines(() => stream(call), signal);
    },
  };
}

/** What stays open is left to Node's own client. */
function ask(socketPath: string, token: string, call: Call): Promise<IncomingMessage> {
  // To import it is to load all that it exports, a WebSocket client too: 40 ms.
  const { request } = process.getBuiltinModule('node:http');
  const { method, path, body, signal } = call;
  const content = body === undefined ? {} : { 'content-type': 'application/json' };
  const headers = { host: 'skein', authorization: `Bearer ${token}`, ...content };
  return new Promise((resolve, reject) => {
    const options = { socketPath, method, path, headers, ...(signal ? { signal } : {}) };
    const asked = request(options, resolve);
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Nobody listens on the socket, or there is none: nothing was heard of the call. */
const isNobody = (cause: unknown): boolean =>
  ['ECONNREFUSED', 'ENOENT'].includes((cause as NodeJS.ErrnoException).code ?? '');

const unreachable = (cause: unknown): SkeinError =>
  new SkeinError('node-unreachable', `Cannot reach the node: ${(cause as Error).message}`, {
    cause,
    fix: 'Nothing is lost: what was recorded stays. Try again; "skein missions" shows what became of it.',
  });

async function collect(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (cause) {
    throw unreachable(cause);
  }
  return Buffer.concat(chunks);
}

/** Ends quietly when `signal` is aborted; throws `node-unreachable` when the answer is cut off. */
async function* readLines(
  open: () => Promise<IncomingMessage>,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const response = await open();
  try {
    const { createInterface } = await import('node:readline');
    for await (const line of createInterface({ input: response })) if (line !== '') yield line;
  } catch (cause) {
    if (signal?.aborted !== true) throw unreachable(cause);
  } finally {
    response.destroy();
  }
  if (signal?.aborted !== true && !response.complete) {
    throw unreachable(new Error('the connection was cut'));
  }
}
