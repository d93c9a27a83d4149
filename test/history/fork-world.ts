/** Forks in a world at work: a repository, a mission that changes three of its files, forks of it. */
import { createHash } from 'node:crypto';
import { reducers } from '#daemon/state-tables.ts';
import { entityLine, stateHash } from '#ledger/state/fold.ts';
import { foldMission } from '#ledger/history/fold-mission.ts';
import type { EntityKind } from '#protocol/event-type.ts';
import { readForkPoint } from '#supervisor/history/fork/fork-point.ts';
import type { ForkRequest } from '#supervisor/history/fork/prepare-fork.ts';
import type { PausePoint } from '#tasks/effects.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import { Gate } from '../swarm/gate.ts';
import { newId, PERSON } from '../swarm/swarm-space.ts';
import { openSwarmWorld, type SwarmWorld, type SwarmWorldOptions } from '../swarm/swarm-world.ts';
import { onePathParts, type TestGoal } from '../swarm/test-recipe.ts';

/** The files of the repository. */
export const FILES = { 'a.txt': 'a\n', 'b.txt': 'b\n', 'c.txt': 'c\n' };

const EDITS = { 'a.txt': 'A\n', 'b.txt': 'B\n', 'c.txt': 'C\n' };

/** Capitals in each file, one task for each. */
export const CAPITALS: TestGoal = {
  plan: () => ({ edits: EDITS, parts: onePathParts(...Object.keys(EDITS)) }),
};

/** A check that fails before the change and after it. */
export const FAILING = 'test ! -f a.txt';

/** A world whose goal `capitals` changes three files in three tasks, one after the other. */
export const openForkWorld = (more: Partial<SwarmWorldOptions> = {}): Promise<SwarmWorld> =>
  openSwarmWorld({ files: FILES, goals: { capitals: CAPITALS }, jobs: 1, ...more });

/** A mission of which base checks and the first edit are done; the second is announced, not made. */
export interface Midway {
  readonly world: SwarmWorld;
  readonly mission: string;
  /** Lets it go on. */
  readonly open: () => void;
}

/** Holds the mission up right after the intent of its edit of b.txt. */
export async function openMidway(): Promise<Midway> {
  const gate = new Gate();
  let original = '';
  const world = await openForkWorld({
    pause: async (point: PausePoint, { subject, mission }) => {
      const isHere = point === 'after-intent' && subject === 'file/b.txt';
      if (isHere && mission === original) await gate.pass();
    },
  });
  original = await world.submit('capitals', { checks: [FAILING] });
  await world.approve(original);
  await gate.until();
  return { world, mission: original, open: gate.open };
}

/** Forks as a person does; answers the new mission. */
export async function forkAt(
  { space, supervisor }: SwarmWorld,
  mission: string,
  at: string,
  asked: Partial<Omit<ForkRequest, 'point'>> = {},
): Promise<string> {
  const { ledger } = space;
  const point = readForkPoint({ ledger, reducers, mission, at });
  const request = { options: {}, budget: 0, ...asked, point };
  const command = { id: newId(), name: 'mission.fork', input: {} };
  return (await supervisor.fork(ledger, command, request, PERSON)).mission;
}

/** All that a mission is, on the record and in git: a fork of it may change none of these lines. */
export function everythingOf({ space, repository }: SwarmWorld, mission: string): string[] {
  const { read } = space.ledger;
  const kinds: readonly EntityKind[] = ['mission', 'plan', 'task', 'lease', 'effect'];
  const live = kinds.flatMap((kind) => read.entities(kind, mission)).map(entityLine);
  const folded = foldMission({ read, reducers, mission }).entities;
  const bytes = createHash('sha256');
  for (const { body } of read.events({ mission, after: 0, limit: 10_000 }))
    bytes.update(body ?? '');
  const refs = ['refs/heads/skein', 'refs/skein'].map((root) => `${root}/${mission}`);
  return [
    ...live,
    `fold ${stateHash(reducers, folded.values())}`,
    `events ${bytes.digest('hex')}`,
    ...refs.map((ref) => repository.git('for-each-ref', ref)),
    repository.git('for-each-ref', `refs/heads/skein/${mission}`, 'refs/heads/main'),
    repository.git('status', '--porcelain'),
  ];
}

/** The tasks of a mission by number: `done edit`, `ready review` and so on. */
export const tasksOf = ({ space }: SwarmWorld, mission: string): string[] =>
  space.ledger.read.entities('task', `${mission}.`).map(({ body }) => {
    const { status, kind } = body as TaskState;
    return `${status} ${kind}`;
  });

/** The git tree of a commit. */
export const treeOf = ({ repository }: SwarmWorld, commit: string | null): string =>
  repository.git('rev-parse', `${commit}^{tree}`).trim();
