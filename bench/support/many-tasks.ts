/** Thousands of tasks that are ready to be claimed, made the way missions make them. */
import { BENCH_SPEAKER, newId, pending, type OpenSpace } from './bench-space.ts';

const TASKS_PER_MISSION = 500;
const GIT_ID = 'c0'.repeat(20);
const DIGEST = 'd1'.repeat(32);

/** Makes `count` tasks, each with a file of its own; answers their ids. */
export function makeTasks(space: OpenSpace, count: number): string[] {
  const ids: string[] = [];
  while (ids.length < count) {
    const mission = newId();
    const size = Math.min(TASKS_PER_MISSION, count - ids.length);
    const tasks = Array.from({ length: size }, (_, index) => ({
      id: `${mission}.${index + 1}`,
      title: 'Rename a to b',
      role: 'coder',
      writeSet: [`src/${mission}/file-${index}.ts`],
    }));
    space.flush([pending('mission.submit', submission(mission))]);
    space.flush([pending('plan.propose', proposal(mission, tasks))]);
    const answer = { mission, hash: DIGEST, from: BENCH_SPEAKER.actor };
    space.flush([pending('mission.approve', answer)]);
    ids.push(...tasks.map(({ id }) => id));
  }
  return ids;
}

const submission = (mission: string): object => ({
  mission,
  goal: 'rename a to b',
  recipe: 'rename',
  base: GIT_ID,
  branch: 'main',
  options: { checks: [], merge: false, hooks: false, keepExports: false },
});

const proposal = (mission: string, tasks: readonly object[]): object => ({
  mission,
  hash: DIGEST,
  base: GIT_ID,
  engine: 'typescript-7',
  isolation: 'none',
  summary: 'Rename a to b',
  tasks,
  checks: [],
  price: { files: tasks.length, changes: tasks.length, money: 0, timeMs: null },
  contents: { hash: DIGEST, bytes: 1 },
  listed: 0,
  warnings: [],
});
