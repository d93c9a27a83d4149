/**
 * Runs the real command line as a stranger would: its own process, a home of its own, and nothing
 * of the tester's environment but PATH. Nodes that were started are stopped after the tests.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../bin/skein.js', import.meta.url));
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/skein', import.meta.url));
const TIMEOUT_MS = 120_000;
const POLL_MS = 20;
const IDENTITY =
  '[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n';

type Environment = Readonly<Record<string, string | undefined>>;

/** How one call ended. `code` is null when a signal ended it. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A call that is under way. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the output (both streams) has matched; throws when it ends before. */
  readonly saw: (pattern: RegExp) => Promise<void>;
}

/** A home with its own HOME (git's identity included) and its own folder for sockets. */
export interface SkeinHome {
  /** SKEIN_HOME. */
  readonly home: string;
  /** HOME. */
  readonly person: string;
  readonly run: (...args: readonly string[]) => Promise<Ended>;
  readonly start: (args: readonly string[], call?: CallOptions) => Running;
  /** The process of the node, undefined when it is down. */
  readonly nodePid: () => Promise<number | undefined>;
  /** Resolves when the node has written this to its log. */
  readonly logged: (text: string) => Promise<void>;
}

/** What a call may have of its own. `env` is added; undefined takes a variable away. */
export interface CallOptions {
  readonly env?: Environment;
  readonly cwd?: string;
}

const homes: { readonly root: string; readonly stop: () => Promise<void> }[] = [];
after(async () => {
  for (const { root, stop } of homes) {
    await stop();
    rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
});

/** For checks that talk to their tester by files outside of the worktree: a jail keeps them from it. */
export const WITHOUT_WALLS: Environment = { SKEIN_SANDBOX: 'off' };

/** A new home; `env` is what every call in it gets beside the least. */
export function openHome(env: Environment = {}, name = 'home'): SkeinHome {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'skein-line-')));
  writeFileSync(join(root, '.gitconfig'), IDENTITY);
  const home = join(root, name);
  const least = {
    // As in a shell with Node 26: the programs of checks are found beside it.
    PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
    HOME: root,
    SKEIN_HOME: home,
    XDG_RUNTIME_DIR: root,
    LANG: 'C.UTF-8',
    // A node starts in half the time when its source is compiled already, as that of the CLI is.
    NODE_COMPILE_CACHE: COMPILED,
    ...env,
  };
  const start: SkeinHome['start'] = (args, call = {}) => startSkein(args, least, call);
  const run: SkeinHome['run'] = (...args) => start(args).ended;
  const nodePid = async (): Promise<number | undefined> =>
    (JSON.parse((await run('status', '--json')).stdout) as { pid?: number }).pid;
  const logged = (text: string): Promise<void> =>
    until(`the node logs "${text}"`, () => readIfThere(join(home, 'node.log')).includes(text));
  homes.push({ root, stop: async () => void (await run('down')) });
  return { home, person: root, run, start, nodePid, logged };
}

function startSkein(args: readonly string[], least: Environment, call: CallOptions): Running {
  const env = { ...least, ...call.env };
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd: call.cwd ?? tmpdir(),
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  const saw = (pattern: RegExp): Promise<void> =>
    until(`${args[0]} says ${pattern}`, () => {
      if (pattern.test(stdout + stderr)) return true;
      if (child.exitCode === null) return false;
      throw new Error(`${args.join(' ')} ended with ${child.exitCode}:\n${stdout}${stderr}`);
    });
  return { child, ended, saw };
}

/** Waits until something is so; throws after two minutes, naming what was waited for. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await sleep(POLL_MS);
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Everything about a call that a failed assertion should show. */
export const told = ({ code, stdout, stderr }: Ended): string =>
  `exit ${code}\n--- stdout\n${stdout}--- stderr\n${stderr}`;
