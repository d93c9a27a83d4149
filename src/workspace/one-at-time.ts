/**
 * Lets one task at a time run for each key. Worktree commands of git race on the files they share
 * (config, worktrees/, packed-refs), so calls on one repository wait for each other.
 */

/** Runs `task` after every earlier task with the same `key` has ended, well or badly. */
export type OneAtTime = <T>(key: string, task: () => Promise<T>) => Promise<T>;

/** Queues of their own, which end with whoever made them. */
export function makeOneAtTime(): OneAtTime {
  const tails = new Map<string, Promise<unknown>>();
  return (key, task) => {
    const before = tails.get(key) ?? Promise.resolve();
    const result = before.then(task, task);
    const tail = result.catch(() => undefined);
    tails.set(key, tail);
    void tail.then(() => {
      if (tails.get(key) === tail) tails.delete(key);
    });
    return result;
  };
}

/** The queues of this process: for what all of it shares, such as a repository. */
export const oneAtTime: OneAtTime = makeOneAtTime();
