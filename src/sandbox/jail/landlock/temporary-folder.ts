/**
 * The folder for temporary files of one run. Its name tells which process made it: what a killed Skein
 * left behind is removed by the next one.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const NAME = /^skein-jail-(\d+)-\w+$/;

/** A new one, empty, that nobody else may read. */
export const makeTemporary = (): string =>
  fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), `skein-jail-${process.pid}-`)));

/** Removes those of processes that are gone. */
export function sweepTemporary(): void {
  for (const name of fs.readdirSync(os.tmpdir())) {
    const owner = NAME.exec(name)?.[1];
    if (owner === undefined || isRunning(Number(owner))) continue;
    try {
      fs.rmSync(path.join(os.tmpdir(), name), { recursive: true, force: true });
    } catch {
      // It is that of another user.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
