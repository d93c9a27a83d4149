/** A place where agents are held up until a test lets them go on. */
import type { Assignment } from '#agents/assignment.ts';
import type { Coder } from '#agents/coder.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import { realCoder } from './swarm-world.ts';

/** Closed at first. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();
  #waiters: { readonly count: number; readonly resolve: () => void }[] = [];
  #reached = 0;

  /** Waits until it is open; with `work` only as long as that is not told to stop. */
  readonly pass = async (work?: MissionWork): Promise<void> => {
    this.#reached += 1;
    for (const { count, resolve } of this.#waiters) if (count <= this.#reached) resolve();
    if (work === undefined) return this.#opened.promise;
    const { signal } = work;
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    await Promise.race([this.#opened.promise, stopped]);
    signal.throwIfAborted();
  };

  readonly open = (): void => this.#opened.resolve();

  /** Resolves when `count` have come to it. */
  readonly until = (count = 1): Promise<void> =>
    new Promise((resolve) => {
      if (this.#reached >= count) resolve();
      else this.#waiters.push({ count, resolve });
    });
}

/** A real coder that does something else before its edits. */
export function coderThat(before: (assignment: Assignment) => Promise<void> | void): Coder {
  const coder = realCoder();
  return {
    ...coder,
    edit: async (assignment, edits) => {
      await before(assignment);
      await coder.edit(assignment, edits);
    },
  };
}
