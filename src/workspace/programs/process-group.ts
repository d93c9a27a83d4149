/**
 * Starts a program as the leader of its own process group and ends the whole group: politely, then
 * by force. A watchdog in the group does the same if Skein itself is killed, so a program never
 * outlives the node that wanted its answer. A program that leaves its group on purpose escapes:
 * that takes a jail.
 */
import { spawn, type StdioOptions } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program, ProgramEnd, ProgramStart } from './program-host.ts';

const GRACE_MS = 2000;
const POLL_MS = 10;

// The watchdog waits for the end of descriptor 3, whose other end only Skein holds. It must not
// keep the output open, or the end of the output would never come.
const WATCHED = '(read -r _ <&3; kill -KILL 0) </dev/null >/dev/null 2>&1 & exec 3<&-; exec "$@"';

/** How to start a group. */
export type GroupStart = Pick<ProgramStart, 'argv' | 'cwd' | 'environment' | 'input' | 'output'>;

/** Starts the group; its pid is the group's id. */
export function startGroup({ argv, cwd, environment, input, output }: GroupStart): Program {
  const stdio: StdioOptions = [input, output, output, 'pipe'];
  const child = spawn('/bin/sh', ['-c', WATCHED, 'sh', ...argv], {
    cwd,
    env: environment,
    detached: true,
    stdio,
  });
  const { pid } = child;
  const ended = new Promise<ProgramEnd>((resolve, reject) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    child.once('error', reject);
  });
  // Whoever waits for it later still gets it.
  ended.catch(() => undefined);
  // Held open until the group has ended, else the watchdog would end it.
  const leash = child.stdio[3];
  return {
    pid,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    end: async () => {
      if (pid !== undefined) await endGroup(pid);
      leash?.destroy();
    },
  };
}

/** Ends every process of group `pid`: SIGTERM, and SIGKILL to what is there 2 s later. */
export async function endGroup(pid: number): Promise<void> {
  if (!signalGroup(pid, 'SIGTERM')) return;
  for (let waited = 0; waited < GRACE_MS; waited += POLL_MS) {
    await sleep(POLL_MS);
    if (!signalGroup(pid, 0)) return;
    // the dead stay members of the group until the first process of the system takes note of them
    if (onlyDead(pid)) return;
  }
  signalGroup(pid, 'SIGKILL');
}
/** Sends a signal to a group; false when there is no such group any more. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

function onlyDead(group: number): boolean {
  if (process.platform !== 'linux') return false;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .every((name) => {
      // "pid (name) state parent group ...": the name may hold anything, spaces and ) too
      const fields = readStat(name)
        .replace(/^.*\) /su, '')
        .split(' ');
      return fields[2] !== String(group) || fields[0] === 'Z' || fields[0] === 'X';
    });
}

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}
