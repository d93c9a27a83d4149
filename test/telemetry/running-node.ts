/** A real node in this process, in a folder of its own, and requests to its socket. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { homePaths, type HomePaths } from '#daemon/home/home-paths.ts';
import { startNode, type RunningNode } from '#daemon/node.ts';
import { parseMetrics, type ReadSample } from './parse-metrics.ts';

/** What a request was answered. */
export interface Answered {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** The node, and who may ask it. */
export interface TestNode {
  readonly node: RunningNode;
  readonly paths: HomePaths;
  readonly token: string;
  readonly close: () => Promise<void>;
}

/** Starts a node whose home is new; it does not stop by itself. */
export async function openNode(): Promise<TestNode> {
  const root = mkdtempSync(join(tmpdir(), 'skein-node-'));
  const paths = homePaths(join(root, 'home'), { XDG_RUNTIME_DIR: root });
  const node = await startNode({ paths, idleMs: 2 ** 31 - 1, env: {} });
  const token = readFileSync(paths.personToken, 'utf8').trim();
  const close = async (): Promise<void> => {
    await node.close();
    await node.closed;
    rmSync(root, { recursive: true, force: true });
  };
  return { node, paths, token, close };
}

/** One request over the socket. */
export async function ask(
  socketPath: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const sent = request({ socketPath, path, headers, timeout: 60_000 }, (response) => {
    const type = response.headers['content-type'] ?? '';
    text(response).then(
      (body) => resolve({ status: response.statusCode ?? 0, type, body }),
      reject,
    );
  });
  sent.once('error', reject).end();
  return promise;
}

/** What the node measures, read by the strict reader. */
export async function scrape(socket: string, token: string): Promise<readonly ReadSample[]> {
  const { body } = await ask(socket, '/metrics', { authorization: `Bearer ${token}` });
  return parseMetrics(body).samples;
}

/** The value of one series, undefined when it is not there. */
export const valueOf = (
  samples: readonly ReadSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined =>
  samples.find(
    (each) =>
      each.name === name &&
      Object.entries(labels).every(([label, value]) => each.labels[label] === value),
  )?.value;
