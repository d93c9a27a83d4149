/** The plainest durable log: lines are appended, and all that came meanwhile shares one fdatasync. */
import { closeSync, fdatasync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { quantile } from '../rounds.ts';
import { nowMs } from './near-clock.ts';

const syncFile = promisify(fdatasync);

/** A log at work. */
export interface BareLog {
  /** Resolves when the line is durable. */
  readonly append: (line: string) => Promise<void>;
  readonly close: () => void;
}

/** Opens the file for appending. */
export function openBareLog(path: string): BareLog {
  const file = openSync(path, 'a');
  let waiting: string[] = [];
  let next = Promise.withResolvers<void>();
  let syncing = false;
  const flush = async (): Promise<void> => {
    syncing = true;
    while (waiting.length > 0) {
      const [lines, done] = [waiting.join(''), next];
      [waiting, next] = [[], Promise.withResolvers<void>()];
      writeSync(file, lines);
      await syncFile(file);
      done.resolve();
    }
    syncing = false;
  };
  return {
    append: (line) => {
      waiting.push(`${line}\n`);
      const { promise } = next;
      // What comes in the same turn goes with it.
      if (!syncing) queueMicrotask(() => void (syncing || flush()));
      return promise;
    },
    close: () => closeSync(file),
  };
}

/** The median time of a small write with fdatasync, in milliseconds. */
export function fdatasyncMs(path: string, count: number): number {
  const file = openSync(path, 'a');
  const times = Array.from({ length: count }, () => {
    const startedMs = nowMs();
    writeSync(file, 'x'.repeat(512));
    fdatasyncSync(file);
    return nowMs() - startedMs;
  });
  closeSync(file);
  return quantile(times, 0.5);
}
