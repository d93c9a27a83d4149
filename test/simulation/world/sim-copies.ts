/** Commands that change files, run on a copy of a worktree, over plain maps. */
import { sha256 } from '#lib/sha256.ts';
import type { CopiesPort } from '#workspace/world.ts';
import { missionAt, worktreeAt, type Hands } from './hands.ts';
import { edited } from './world-state.ts';

const COMMAND = /^(write|scribble) (\S+)$/;

/** The command that writes `author` into files, or more than that when it is sloppy. */
export const writeCommand = (author: string, sloppy: boolean): string =>
  `${sloppy ? 'scribble' : 'write'} ${author}`;

/** Copies come and go; what a command made of them comes back as edits. */
export function makeCopies({ state, turn, hang, change }: Hands): CopiesPort {
  return {
    run: async ({ worktree, copy, base: commit, command: { name, command }, paths, run }) => {
      const mission = missionAt(worktree);
      const task = `${mission}.${copy.slice(copy.lastIndexOf('-') + 1)}`;
      const effects = [`${mission}/command/${task}`];
      const remove = (): void => {
        if (state.worktrees[copy] === undefined) return;
        change({ what: `removal ${copy}`, effects, make: () => delete state.worktrees[copy] });
      };
      await turn();
      remove();
      const files = { ...worktreeAt(state, worktree).files };
      const make = (): void => void (state.worktrees[copy] = { commit, complete: true, files });
      change({ what: `second ${copy}`, effects, make });
      await turn();
      await hang('command', task);
      const [, verb, author = ''] = COMMAND.exec(command) ?? [];
      const edits = paths.map((path) => {
        const before = files[path] ?? '';
        const more = verb === 'scribble' ? 'whatever\n' : '';
        const after = Buffer.from(edited(before, author) + more);
        return { path, baseHash: sha256(before), afterHash: sha256(after), after, changes: 1 };
      });
      remove();
      const { startedAt, signal } = run;
      const cancelled = signal?.aborted === true;
      const ended = { exitCode: 0, signal: null, timedOut: false, cancelled };
      const printed = { output: '', outputBytes: 0 };
      return {
        result: { name, command, startedAt, durationMs: 5, ...ended, ...printed },
        edits,
        outside: [],
      };
    },
  };
}
