#!/usr/bin/env node
// The door of the command line, in plain JavaScript so that a Node far older than ours can still
// read it (18 and up). When the running Node is too old, or was told not to strip types, the Node
// that `npm ci` put beside Skein takes over. It imports as little as it can: every millisecond here
// is paid by every command.
import module from 'node:module';
import process from 'node:process';

const FLOOR = 26;
// Set on the process we start, so that a Node that is no better cannot start itself again for ever.
const RELAUNCHED = 'SKEIN_RELAUNCHED';

const isCurrent = () =>
  Number.parseInt(process.versions.node, 10) >= FLOOR && Boolean(process.features.typescript);

function refuse(problem, fix) {
  process.stderr.write(`skein: Cannot start: ${problem}\nfix: ${fix}\n`);
  process.exitCode = 1;
}

// Without the cache of stripped and compiled source every start takes 2.5 times as long. It lies in
// the installation, else in the user's own folder; Node's default is the shared temporary folder.
// NODE_COMPILE_CACHE, when set, has won already.
function enableCache() {
  const { enableCompileCache, constants } = module;
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

async function relaunch() {
  const { NODE_FIX, findPackagedNode, runNode } = await import('./packaged-node.js');
  const node = findPackagedNode();
  if (node === undefined) {
    const version = process.versions.node;
    refuse(`Node ${version} is too old, and no packaged Node runs on this machine`, NODE_FIX);
  } else {
    const args = [...process.execArgv, process.argv[1], ...process.argv.slice(2)];
    runNode(node, args, { ...process.env, [RELAUNCHED]: '1' });
  }
}

if (process.platform === 'win32') {
  refuse('Windows is not supported yet', 'use Linux or macOS (or WSL 2 on Windows)');
} else if (isCurrent()) {
  await run();
} else if (process.env[RELAUNCHED]) {
  const fix = 'take --no-strip-types out of the command line and of NODE_OPTIONS';
  refuse(`Node ${process.versions.node} was told not to strip types`, fix);
} else {
  await relaunch();
}
