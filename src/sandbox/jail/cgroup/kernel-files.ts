/** Reading and writing the small files by which the kernel shows its control groups. */
import fs from 'node:fs';

/** The text of a file, or null when it is not there or not for us. */
export function readText(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** A file that holds one number; null when it does not. */
export function readCount(file: string): number | null {
  const count = Number.parseInt(readText(file) ?? '', 10);
  return Number.isNaN(count) ? null : count;
}

/** The number behind `key` in a file of lines `key number`; null when there is none. */
export function readKey(file: string, key: string): number | null {
  const line = (readText(file) ?? '').split('\n').find((each) => each.startsWith(`${key} `));
  return line === undefined ? null : Number(line.slice(key.length + 1));
}

/** Writes, and tells whether the kernel took it. A file that is not there is not made. */
export function tryWrite(file: string, text: string): boolean {
  try {
    const descriptor = fs.openSync(file, fs.constants.O_WRONLY);
    try {
      fs.writeSync(descriptor, text);
    } finally {
      fs.closeSync(descriptor);
    }
    return true;
  } catch {
    return false;
  }
}

/** SIGKILL to all processes that a group lists. */
export function killListed(folder: string): void {
  for (const line of (readText(`${folder}/cgroup.procs`) ?? '').split('\n')) {
    const pid = Number(line);
    // 0 is a process of another pid namespace, and would mean ourselves.
    if (!Number.isInteger(pid) || pid <= 1) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It is dead already.
    }
  }
}

/** Removes a group; whether it is gone. One in which something is alive can't be removed. */
export function tryRemove(folder: string): boolean {
  try {
    fs.rmdirSync(folder);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
