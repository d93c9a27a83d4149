/** What the kernel tells of a process of the host: enough to know one again, and to see that it is dead. */
import fs from 'node:fs';

/** A process by its id and its start, which together are never used twice. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since the machine's start. */
  readonly startTicks: string;
}

/** The state letter of `proc(5)`, and who it is; null when there is no such process. */
export function readProcess(pid: number): (ProcessIdentity & { readonly state: string }) | null {
  let stat: string;
  try {
    stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The name stands in brackets and may hold anything, brackets and blanks as well.
  const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [rest[0], rest[19]];
  return state === undefined || startTicks === undefined ? null : { pid, startTicks, state };
}

/**
 * Whether it runs. A zombie is dead: the first process of a namespace becomes one only when all others
 * of the namespace are gone (`zap_pid_ns_processes` in the kernel).
 */
export function isAlive(process: ProcessIdentity): boolean {
  const now = readProcess(process.pid);
  if (now === null || now.startTicks !== process.startTicks) return false;
  return now.state !== 'Z' && now.state !== 'X';
}

/**
 * Whether it is the first process of a pid namespace below ours. A number that is told late may be
 * another process meanwhile, which must not be killed for it.
 */
export function isFirst(pid: number): boolean {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'latin1');
    return /^NSpid:.*\t1$/m.test(status) && pid !== 1;
  } catch {
    return false;
  }
}
