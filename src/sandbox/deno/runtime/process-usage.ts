/** What a process has used, from /proc (Linux) or ps (macOS). */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Processor time of all its threads; `peakBytes` is null where nobody keeps it. */
export interface Usage {
  readonly cpuMs: number;
  readonly residentBytes: number;
  readonly peakBytes: number | null;
}

// USER_HZ: the same on every Linux (man 5 proc)
const TICK_MS = 10;
const PS_LIMIT_MS = 2_000;

/** The use of a process by now; null when it is gone or can't be seen. */
export async function readUsage(pid: number): Promise<Usage | null> {
  return process.platform === 'linux' ? readProc(pid) : readPs(pid);
}

/** The same at once, on Linux only: null elsewhere. */
export function readProc(pid: number): Usage | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the name of the program is in parentheses, and may hold anything
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const bytes = (name: string): number | null => {
      const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
      return found === undefined ? null : Number(found) * 1024;
    };
    const residentBytes = bytes('VmRSS');
    // a zombie has no memory any more
    if (residentBytes === null) return null;
    const cpuMs = (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    return { cpuMs, residentBytes, peakBytes: bytes('VmHWM') };
  } catch {
    return null;
  }
}

function readPs(pid: number): Promise<Usage | null> {
  return new Promise((resolve) => {
    const argv = ['-o', 'rss=,time=', '-p', String(pid)];
    execFile('ps', argv, { timeout: PS_LIMIT_MS }, (error, stdout) => {
      resolve(error === null ? parsePs(stdout) : null);
    });
  });
}

/** `  1234 1:02.34`: kilobytes, and minutes (after hours) with seconds. */
export function parsePs(line: string): Usage | null {
  const [rss, time] = line.trim().split(/\s+/);
  if (rss === undefined || time === undefined || !/^\d+$/.test(rss)) return null;
  const seconds = time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  if (!Number.isFinite(seconds)) return null;
  const residentBytes = Number(rss) * 1024;
  return { cpuMs: Math.round(seconds * 1000), residentBytes, peakBytes: null };
}
