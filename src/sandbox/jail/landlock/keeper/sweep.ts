/** How the keeper makes sure that it can end all that was started, and nothing else. */
import { closeSync } from 'node:fs';
import { call, fail, must, native } from './calls.ts';
import type { KeeperOrder } from './keeper-order.ts';
import { KERNEL } from './kernel.ts';
import { makeRules } from './rules.ts';

/** Another copy, within the scope of signals: when the keeper is killed it kills the rest, and itself. */
export function startSentinel(): void {
  const ends = pipe();
  if (native.fork() === 0) {
    call('setsid');
    call('dup2', ends.reading, 0);
    call('close_range', 1, 0xffffffff, 0);
    call('read', 0, Buffer.alloc(1), 1);
    call('kill', -1, KERNEL.KILL);
    call('_exit', 0);
  }
  closeSync(ends.reading);
}

/** A pipe that no program inherits. */
export function pipe(): { readonly reading: number; readonly writing: number } {
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
