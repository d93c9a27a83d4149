/** Speaks to the node of a home over its Unix socket, in the name of the person. */
import { request, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { HomePaths } from '#daemon/home/home-paths.ts';
import { readSecretFile } from '#identity/secret-file.ts';
import { fromErrorBody, SkeinError } from '#protocol/errors.ts';
import { readData } from './terminal/read-data.ts';

/** A connection to a node; each call is one HTTP request. */
export interface NodeClient {
  readonly get: <T>(path: string) => Promise<T>;
  readonly bytes: (path: string) => Promise<Buffer>;
  readonly post: <T>(command: CommandCall) => Promise<T>;
  readonly lines: (path: string, signal?: AbortSignal) => AsyncIterable<string>;
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

/** A client for the node that serves `paths`; it must be up. */
export function makeNodeClient(paths: HomePaths): NodeClient {
  const send = async (call: Call): Promise<IncomingMessage> => {
    const token = readSecretFile(paths.personToken) ?? '';
    const response = await ask(paths.socket, token, call);
    if ((response.statusCode ?? 500) < 400) return response;
    throw fromErrorBody(readData((await collect(response)).toString('utf8')));
  };
  const json = async <T>(call: Call): Promise<T> =>
    readData((await collect(await send(call))).toString('utf8')) as T;
  return {
    get: (path) => json({ method: 'GET', path }),
    bytes: async (path) => collect(await send({ method: 'GET', path })),
    post: ({ name, ...body }) =>
      json({ method: 'POST', path: `/v1/commands/${name}`, body: JSON.stringify(body) }),
    lines: (path, signal) =>
      readLines(() => send({ method: 'GET', path, ...(signal ? { signal } : {}) }), signal),
  };
}

function ask(socket: string, token: string, call: Call): Promise<IncomingMessage> {
  const { method, path, body, signal } = call;
  const headers = {
    host: 'skein',
    authorization: `Bearer ${token}`,
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath: socket, method, path, headers, ...(signal ? { signal } : {}) },
      resolve,
    );
    asked.on('error', (cause) => reject(unreachable(cause)));
    asked.end(body);
  });
}

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
