/** How the keeper makes sure that it can end all that was started, and nothing else. */
import { closeSync, readSync } from 'node:fs';
import { call, exitNow, fail, must, native } from './calls.ts';
import type { KeeperOrder } from './keeper-order.ts';
import { KERNEL } from './kernel.ts';
import { makeRules } from './rules.ts';

const COPIES = 5;

/**
 * A copy of the keeper that runs `become`, which tells by its argument how far it came, and what it told
 * until it ended or became a program. One in a hundred copies lacks a page of memory that was new, and
 * dies at once, without a word: then there is another. Nothing told at all is a failure.
 */
export function startCopy(become: (report: number) => void): {
  readonly pid: number;
  readonly told: string;
} {
  for (let tries = 0; tries < COPIES; tries += 1) {
    const report = pipe();
    const pid = native.fork();
    if (pid === 0) {
      try {
        become(report.writing);
      } finally {
        // Whatever happens, a copy never goes on as a keeper.
        exitNow(1);
      }
    }
    closeSync(report.writing);
    const told = readAll(report.reading);
    if (told !== '') return { pid, told };
    call('wait4', pid, null, 0, null);
  }
  return fail('the copy', 0);
}

function readAll(file: number): string {
  const bytes = Buffer.alloc(256);
  let text = '';
  for (let count = 1; count > 0; text += bytes.toString('latin1', 0, count)) {
    count = readSync(file, bytes);
  }
  closeSync(file);
  return text;
}

/** Another copy, within the scope of signals: when the keeper is killed it kills the rest, and itself. */
export function startSentinel(): void {
  const ends = pipe();
  startCopy((report) => {
    call('setsid');
    call('dup2', ends.reading, 0);
    call('write', report, 'ready\n', 6);
    call('close_range', 1, 0xffffffff, 0);
    call('read', 0, Buffer.alloc(1), 1);
    call('kill', -1, KERNEL.KILL);
    exitNow(0);
  });
  closeSync(ends.reading);
}

/** A pipe that no program inherits. */
function pipe(): { readonly reading: number; readonly writing: number } {
  const ends = Buffer.alloc(8);
  must('pipe', call('pipe2', ends, KERNEL.CLOSE_ON_EXEC));
  return { reading: ends.readInt32LE(0), writing: ends.readInt32LE(4) };
}

/** Makes sure that a signal to everybody reaches nobody but what this keeper starts. */
export function boundSignals(order: KeeperOrder): void {
  if (order.sweep === 'namespace' && process.pid !== 1) fail('process namespace', 0);
  if (order.sweep !== 'scope') return;
  must('no new privileges', call('prctl', KERNEL.NO_NEW_PRIVILEGES, 1, 0, 0, 0));
  const rules = makeRules(0, 0, KERNEL.SIGNAL_SCOPE);
  must('signal scope', call('syscall', KERNEL.RESTRICT_SELF, rules, 0));
  closeSync(rules);
  const reached = call('kill', process.ppid, 0);
  if (reached.value !== -1 || reached.error !== KERNEL.EPERM) fail('signal scope', reached.error);
}
