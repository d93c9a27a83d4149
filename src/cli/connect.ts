/** Connects to the node of a home, starting it when it is not up. */
import type { ChildProcess } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findHome, homePaths, type HomePaths } from '#daemon/home/home-paths.ts';
import { fromErrorBody, SkeinError } from '#protocol/errors.ts';
import type { Typed } from './command.ts';
import { makeNodeClient, type NodeClient } from './node-client.ts';

// Every command connects: imports of these take 10 ms and more, for parts that nobody wants here.
const { closeSync, lstatSync, mkdirSync, openSync, readFileSync } =
  process.getBuiltinModule('node:fs');
const { connect: openSocket } = process.getBuiltinModule('node:net');

/** A node is there in half a second; a machine that has no time for it is no reason to give up. */
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 15;
/** Many who wait for one node don't keep it from starting. */
const LONGEST_POLL_MS = 200;

/** The paths of the home that a call is about. */
export const typedPaths = (typed: Typed): HomePaths =>
  homePaths(findHome(typed.value('home'), process.env), process.env);

/** A client of the running node, or of one that is started now; `token` is another one than the person's. */
export async function connect(typed: Typed, token?: string): Promise<NodeClient> {
  const paths = typedPaths(typed);
  assertOwnFolder(paths);
  if (!(await isUp(paths.socket))) await startNode(paths);
  return makeNodeClient(paths, token);
}

/**
 * A client that starts the node when a call finds nobody: it saves those who are in a hurry the look
 * whether somebody is there.
 */
export function connectAtOnce(typed: Typed, token?: string): NodeClient {
  const paths = typedPaths(typed);
  assertOwnFolder(paths);
  return makeNodeClient(paths, token, undefined, () => startNode(paths));
}

/** A client when a node is up, else undefined; starts nothing. */
export async function connectIfUp(typed: Typed, token?: string): Promise<NodeClient | undefined> {
  const paths = typedPaths(typed);
  assertOwnFolder(paths);
  return (await isUp(paths.socket)) ? makeNodeClient(paths, token) : undefined;
}

/** Who owns the folder of the socket may listen there, and would be told the person's token. */
function assertOwnFolder({ socket }: HomePaths): void {
  const folder = dirname(socket);
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isDirectory() && found.uid === process.getuid?.()) return;
  throw new SkeinError('storage-failed', `Cannot use ${folder}: it belongs to somebody else`, {
    fix: 'Set XDG_RUNTIME_DIR to a folder of your own.',
  });
}

/** Whether somebody listens on the socket. */
export function isUp(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = openSocket(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

/** Exit statuses of a node that found another owner of the home, and a disk that takes nothing. */
const [LOST_RACE, DISK_FAILED] = [75, 74];

/**
 * Starts a node in the background and waits for its socket. Another command may start one at the
 * same time, or an old one may just be leaving: the loser exits, and we look again.
 */
async function startNode(paths: HomePaths): Promise<void> {
  const { setTimeout: sleep } = process.getBuiltinModule('node:timers/promises');
  const deadline = performance.now() + START_TIMEOUT_MS;
  let child = await spawnNode(paths);
  let waitMs = POLL_MS;
  while (performance.now() < deadline) {
    await sleep(waitMs);
    waitMs = Math.min(waitMs * 1.1, LONGEST_POLL_MS);
    if (await isUp(paths.socket)) return;
    if (child.exitCode === null && child.signalCode === null) continue;
    if (child.exitCode === DISK_FAILED) throw diskFailed(paths);
    if (child.exitCode !== LOST_RACE) throw startFailed(paths, 'it stopped at once');
    await sleep(POLL_MS * 4);
    if (await isUp(paths.socket)) return;
    child = await spawnNode(paths);
  }
  throw startFailed(paths, `it did not answer in ${START_TIMEOUT_MS / 1000} s`);
}

async function spawnNode(paths: HomePaths): Promise<ChildProcess> {
  const log = await openLog(paths);
  const entry = fileURLToPath(new URL('../daemon/main.ts', import.meta.url));
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(process.execPath, [entry, paths.home], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: paths.home,
    env: { ...process.env, ...compileCache() },
  });
  closeSync(log);
  child.unref();
  return child;
}

/** A node starts in half the time with the cache of compiled modules that this command uses. */
function compileCache(): { readonly NODE_COMPILE_CACHE?: string } {
  const folder = process.getBuiltinModule('node:module').getCompileCacheDir?.();
  // That of this version of Node lies in the one that was asked for.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

async function openLog(paths: HomePaths): Promise<number> {
  try {
    mkdirSync(paths.home, { recursive: true, mode: 0o700 });
    return openSync(paths.log, 'a', 0o600);
  } catch (cause) {
    const { homeFailure } = await import('#daemon/home/home.ts');
    throw homeFailure(paths, cause);
  }
}

/** Its log may have been the first thing that the full disk refused. */
function diskFailed(paths: HomePaths): SkeinError {
  const told = startFailed(paths, 'the disk takes nothing');
  if (told.name === 'storage-failed') return told;
  return new SkeinError('storage-failed', `Cannot write to the home ${paths.home}: see its disk`, {
    fix: 'Free space, or choose another home (--home), then try again.',
  });
}

/** The node's own error when it left one as the last line of its log, else what is known. */
function startFailed(paths: HomePaths, state: string): SkeinError {
  const lines = readFileSync(paths.log, 'utf8').trimEnd().split('\n');
  const last = lines.at(-1) ?? '';
  if (last.startsWith('{"type":')) return fromErrorBody(JSON.parse(last));
  const tail = lines.slice(-3).join('\n  ');
  return new SkeinError(
    'node-start-failed',
    `Cannot start the node of ${paths.home}: ${state}\n  ${tail}`,
    { fix: `See ${paths.log}, or run "skein doctor".` },
  );
}
