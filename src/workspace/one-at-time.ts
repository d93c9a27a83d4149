/**
 * Lets one task at a time run for each key. Worktree commands of git race on the files they share
 * (config, worktrees/, packed-refs), so calls on one repository wait for each other.
 */

const tails = new Map<string, Promise<unknown>>();

/** Runs `task` after every earlier task with the same `key` has ended, well or badly. */
export function oneAtTime<T>(key: string, task: () => Promise<T>): Promise<T> {
  const before = tails.get(key) ?? Promise.resolve();
  const result = before.then(task, task);
  const tail = result.catch(() => undefined);
  tails.set(key, tail);
  void tail.then(() => {
    if (tails.get(key) === tail) tails.delete(key);
  });
  return result;
}
