/** What every way to make jails answers of a started one. */
import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Jailed } from './jail.ts';

/** A jail that `child` holds; `kill` begins its death, `ended` is when all of it is over. */
export function jailedChild(
  child: ChildProcess,
  { ended, kill, usage }: Pick<Jailed, 'ended' | 'usage'> & { readonly kill: () => void },
): Jailed {
  // Whoever kills it may not want to know how it ended.
  ended.catch(() => {});
  return {
    child,
    stdin: child.stdio[0] as Writable | null,
    stdout: child.stdio[1] as Readable | null,
    stderr: child.stdio[2] as Readable | null,
    ended,
    ...(usage === undefined ? {} : { usage }),
    kill: async () => {
      kill();
      await ended.catch(() => {});
    },
  };
}
