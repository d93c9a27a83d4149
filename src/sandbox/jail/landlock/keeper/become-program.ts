/**
 * In the copy of the keeper: puts up the walls, each of which it takes along, and becomes the program.
 * Nothing is left out when it fails: then there is no program.
 */
import { call, CONTROL, exitNow } from './calls.ts';
import { KERNEL } from './kernel.ts';
import type { Outcome } from './native.ts';
import type { Prepared } from './prepare.ts';

type Wall = (step: string, outcome: Outcome) => void;

/** Never returns. What goes wrong is written to `report`, then it ends. */
export function becomeProgram(prepared: Prepared, report: number): never {
  const tell = (word: string): void => {
    call('write', report, word, Buffer.byteLength(word));
  };
  const wall = (step: string, { value, error }: Outcome): void => {
    if (value !== -1) return;
    tell(`${step}:${error}\n`);
    exitNow(1);
  };
  enterGroups(prepared.join, wall);
  call('setsid');
  // Node lets nobody inherit its standard streams.
  for (const stream of [0, 1, 2]) call('fcntl', stream, KERNEL.SET_DESCRIPTOR_FLAGS, 0);
  wall('death signal', call('prctl', KERNEL.SET_DEATH_SIGNAL, KERNEL.KILL));
  resetSignals();
  wall('working folder', call('chdir', prepared.cwd));
  wall('descriptors', call('close_range', CONTROL, 0xffffffff, KERNEL.CLOSE_RANGE_ON_EXEC));
  wall('no new privileges', call('prctl', KERNEL.NO_NEW_PRIVILEGES, 1, 0, 0, 0));
  dropCapabilities(wall);
  if (prepared.rules !== null) {
    wall('landlock', call('syscall', KERNEL.RESTRICT_SELF, prepared.rules, 0));
  }
  const filter = prepared.filter;
  if (filter !== null) {
    wall('seccomp', call('prctl', KERNEL.SET_SECCOMP, KERNEL.SECCOMP_FILTER, filter.program, 0, 0));
  }
  tell('ready\n');
  // The last: with a limit on its memory this copy of V8 could do no more.
  for (const [resource, limit] of prepared.limits) {
    wall(`limit ${resource}`, call('prlimit', 0, resource, limit, null));
  }
  const { file } = prepared;
  const error =
    typeof file === 'number'
      ? file
      : call('execve', file, prepared.argv, prepared.environment).error;
  tell(`exec:${error}\n`);
  exitNow(error === KERNEL.ENOENT ? 127 : 126);
}

function enterGroups(files: readonly number[], wall: Wall): void {
  for (const file of files) wall('control group', call('write', file, '0', 1));
  // Where memory runs out the program goes first, not its keeper; it may be forbidden.
  const file = call('open', '/proc/self/oom_score_adj', 1).value;
  if (file !== -1) call('write', file, '1000', 4);
}

/** Node ignores and blocks what a program expects to end it. */
function resetSignals(): void {
  for (let signal = 1; signal <= KERNEL.LAST_SIGNAL; signal += 1) call('signal', signal, null);
  call('sigprocmask', 2, Buffer.alloc(128), null);
}

function dropCapabilities(wall: Wall): void {
  call('prctl', KERNEL.AMBIENT, KERNEL.CLEAR_AMBIENT, 0, 0, 0);
  for (
    let capability = 0;
    call('prctl', KERNEL.DROP_CAPABILITY, capability).value === 0;
    capability += 1
  );
  const header = Buffer.alloc(8);
  header.writeUInt32LE(KERNEL.CAPABILITY_VERSION);
  wall('capabilities', call('capset', header, Buffer.alloc(24)));
}
