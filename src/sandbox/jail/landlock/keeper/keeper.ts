/**
 * The keeper of a jail: a process of its own that reads one order, puts the walls around a copy of itself,
 * which becomes the program, and stays outside of them until all that was started is dead. It runs as
 * one text (`node --eval`): its files import only each other, and no two have a name in common.
 */
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { becomeProgram } from './become-program.ts';
import { call, CONTROL, exitNow, fail, must, say } from './calls.ts';
import type { KeeperOrder } from './keeper-order.ts';
import { KERNEL } from './kernel.ts';
import { prepare } from './prepare.ts';
import { boundSignals, startCopy, startSentinel } from './sweep.ts';

let order: KeeperOrder;

/** Kills all and waits for all: a process that was left behind is a child of this one by now. */
function endAll(): void {
  if (order.sweep === 'nothing') {
    if (programStatus === null && program > 0) waitFor(program);
    return;
  }
  do call('kill', -1, KERNEL.KILL);
  while (waitFor(KERNEL.CHILDREN));
}

/** Waits for a child; false when there is none. */
function waitFor(child: number): boolean {
  if (child > 0) call('kill', child, KERNEL.KILL);
  const { value } = call('wait4', child, status, 0, null);
  if (value === program) programStatus = status.readInt32LE(0);
  return value !== -1;
}

const status = Buffer.alloc(4);
let program = -1;
let programStatus: number | null = null;

function finish(): never {
  endAll();
  const ended = programStatus ?? KERNEL.KILL;
  const signal = ended & 0x7f;
  // struct rusage: two times of two longs each, in seconds and microseconds
  const usage = Buffer.alloc(144);
  call('getrusage', KERNEL.CHILDREN, usage);
  const long = (index: number): number => Number(usage.readBigInt64LE(index * 8));
  const cpuMs = (long(0) + long(2)) * 1000 + Math.round((long(1) + long(3)) / 1000);
  const exitCode = signal === 0 ? (ended >> 8) & 0xff : null;
  say({ type: 'ended', exitCode, signal: signal === 0 ? null : signal, cpuMs });
  exitNow(0);
}

function reap(): void {
  for (;;) {
    const { value } = call('wait4', KERNEL.CHILDREN, status, 1, null);
    if (value <= 0) return;
    if (value !== program) continue;
    programStatus = status.readInt32LE(0);
    finish();
  }
}

function start(text: string): void {
  order = JSON.parse(text) as KeeperOrder;
  boundSignals(order);
  // Within a namespace for it; who uses this machine is nobody's business.
  if (order.sweep === 'namespace') call('sethostname', 'jail', 4);
  must('subreaper', call('prctl', KERNEL.SET_SUBREAPER, 1, 0, 0, 0));
  const prepared = prepare(order);
  if (order.sweep === 'scope') startSentinel();
  process.on('SIGCHLD', reap);
  const copy = startCopy((report) => becomeProgram(prepared, report));
  program = copy.pid;
  judgeStart(copy.told, prepared.file);
  reap();
}

/** `ready` alone: it runs. A file that can't be run is told as a shell tells it. */
function judgeStart(said: string, file: string | number): void {
  const [ready, after = ''] = said.split('\n');
  if (ready !== 'ready') {
    const [step = '', error = ''] = (ready ?? '').split(':');
    endAll();
    fail(step, Number(error));
  }
  if (after !== '') {
    const name = typeof file === 'string' ? file : order.argv[0];
    const why = after === `exec:${KERNEL.ENOENT}` ? 'not found' : 'cannot be run';
    try {
      writeSync(2, `skein: ${name}: ${why}\n`);
    } catch {
      // Nobody reads it.
    }
  }
  say({ type: 'began' });
}

function main(): void {
  const control = new Socket({ fd: CONTROL, allowHalfOpen: true });
  let text = '';
  let isStarted = false;
  const stop = (): void => {
    if (isStarted) finish();
    process.exit(0);
  };
  control.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (isStarted || !text.endsWith('\n')) return;
    isStarted = true;
    start(text);
  });
  control.on('end', stop);
  control.on('error', stop);
}

main();
