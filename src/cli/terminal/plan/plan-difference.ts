/** What a changed plan does otherwise than the one before: what a person should look at. */
import type { PlanState } from '#supervisor/mission-reducer.ts';

/** A task as planned. */
export type PlannedTask = PlanState['tasks'][number];

type Price = PlanState['price'];

/**
 * New tasks, tasks it does without, tasks that stay but not as they were; paths it may write beside
 * those before, and those it leaves alone now. The price is the difference; null = can't be told.
 */
export interface PlanDifference {
  readonly added: readonly PlannedTask[];
  readonly dropped: readonly PlannedTask[];
  readonly changed: readonly PlannedTask[];
  readonly morePaths: readonly string[];
  readonly fewerPaths: readonly string[];
  readonly price: {
    readonly files: number;
    readonly changes: number;
    readonly money: number;
    readonly timeMs: number | null;
  };
}

/** Compares two plans of one mission; tasks are the same when their ids are. */
export function comparePlans(before: PlanState, now: PlanState): PlanDifference {
  const [old, fresh] = [byId(before), byId(now)];
  const [oldPaths, newPaths] = [writtenPaths(before), writtenPaths(now)];
  return {
    added: now.tasks.filter(({ id }) => !old.has(id)),
    dropped: before.tasks.filter(({ id }) => !fresh.has(id)),
    changed: now.tasks.filter((task) => {
      const was = old.get(task.id);
      return was !== undefined && essence(was) !== essence(task);
    }),
    morePaths: [...newPaths.difference(oldPaths)],
    fewerPaths: [...oldPaths.difference(newPaths)],
    price: comparePrices(before.price, now.price),
  };
}

const byId = ({ tasks }: PlanState): Map<string, PlannedTask> =>
  new Map(tasks.map((task) => [task.id, task]));

const writtenPaths = ({ tasks }: PlanState): Set<string> =>
  new Set(tasks.flatMap(({ writeSet }) => writeSet));

/** What a task is, whatever the order of its fields on the record. */
const essence = ({ title, role, kind, writeSet, after, expects, checks }: PlannedTask): string =>
  JSON.stringify([title, role, kind, writeSet, after ?? [], expects, checks ?? []]);

/** The price of a plan less that of the one before. */
export function comparePrices(before: Price, now: Price): PlanDifference['price'] {
  const isTimed = now.timeMs !== null && before.timeMs !== null;
  return {
    files: now.files - before.files,
    changes: now.changes - before.changes,
    money: now.money - before.money,
    timeMs: isTimed ? Number(now.timeMs) - Number(before.timeMs) : null,
  };
}
