/**
 * The crew of a simulated node: the real agents, each of whose works is known to be its own
 * wherever it goes on, may fall silent in the middle, and may be a lie.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Assignment } from '#agents/assignment.ts';
import { makeCoder, type Coder } from '#agents/coder.ts';
import { makeCritic, type Critic } from '#agents/critic.ts';
import { makeRunner, type Runner } from '#agents/runner.ts';
import { makeScout } from '#agents/scout.ts';
import { SwarmAgent } from '#agents/swarm-agent.ts';
import { sha256 } from '#lib/sha256.ts';
import type { Crew } from '#supervisor/crew.ts';
import type { PausePoint } from '#tasks/effects.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { ProposedEdit } from '#workspace/apply-edit.ts';
import type { WorldState } from '../world/world-state.ts';
import { changeRecipe, makeSimReflex } from './sim-recipe.ts';

/** How a coder betrays: by doing nothing, by writing more, by writing where nobody looks. */
export type Betrayal = 'idle' | 'extra' | 'behind-own' | 'behind-other';

/** The coder who is to edit `path` of `mission` lies; behind their back they write `other`. */
export interface Lie {
  readonly how: Betrayal;
  readonly mission: string;
  readonly path: string;
  readonly other: string;
}

/** What the crew of one life needs. */
export interface CrewParts {
  readonly world: WorldState;
  readonly turn: () => Promise<void>;
  readonly hang: (moment: string, task: string) => Promise<void>;
  /** A sign of life of who holds the lease. */
  readonly alive: (lease: string) => void;
  readonly lies: readonly Lie[];
  readonly writePastDoor: (mission: string, path: string) => void;
}

/** A crew, and what is asked of whoever is at work right now. */
export interface SimCrew {
  readonly crew: Crew;
  /** Why who is at work now may not write `path`; undefined when they may. */
  readonly writerProblem: (path: string) => string | undefined;
  /** Who is at work, or has `task`, falls silent there if the story says so. */
  readonly hang: (moment: string, task?: string) => Promise<void>;
  readonly pause: (point: PausePoint, effect: { readonly kind: string }) => Promise<void>;
}

/** Makes the crew of one life. */
export function makeSimCrew(parts: CrewParts): SimCrew {
  const { world, turn } = parts;
  // Follows the work of an agent through everything it waits for.
  const working = new AsyncLocalStorage<Assignment>();
  const hang = (moment: string, task = working.getStore()?.task): Promise<void> =>
    task === undefined ? Promise.resolve() : parts.hang(moment, task);
  const as = <T>(assignment: Assignment, work: (watched: Assignment) => Promise<T>): Promise<T> => {
    const alive = (): void => {
      parts.alive(assignment.lease.lease);
      assignment.alive();
    };
    return working.run(assignment, () => work({ ...assignment, alive }));
  };
  const recipe = changeRecipe({ world, turn });
  const look: typeof recipe.look = async (...asked) => {
    await hang('look');
    return (await recipe.look?.(...asked)) ?? [];
  };
  return {
    crew: {
      scout: {
        diagnose: (given, ...asked) =>
          as(given, async (at) => {
            await hang('diagnose');
            return scout.diagnose(at, ...asked);
          }),
      },
      coder: makeSimCoder(parts, as, hang),
      critic: makeSimCritic(parts),
      runner: makeSimRunner(as),
      makeAgent: (options) => new SwarmAgent({ ...options, work: hesitant(options.work, parts) }),
      changeGuardrails: [{ name: 'simulated types', judge: async () => ({ type: 'accept' }) }],
      recipes: [{ ...recipe, look }],
    },
    hang,
    pause: (point, { kind }) => (kind === 'edit' ? hang(point) : Promise.resolve()),
    writerProblem: (path) => {
      const assignment = working.getStore();
      return assignment === undefined ? 'nobody is at work' : leaseProblem(assignment, path);
    },
  };
}

const scout = makeScout();

/** The work of an agent that may fall silent before it claims a task, or before it says that it did. */
const hesitant = (work: MissionWork, { hang }: CrewParts): MissionWork => ({
  ...work,
  record: async (name, input) => {
    if (name !== 'task.claim') return work.record(name, input);
    const { task } = input as { readonly task: string };
    await hang('claim', task);
    const events = await work.record(name, input);
    await hang('claimed', task);
    return events;
  },
});

/** A critic is not told which task it works for; a mission has one review at a time. */
const makeSimCritic = ({ hang }: CrewParts): Critic => ({
  review: async (work, review) => {
    const { mission, ledger } = work as MissionWork;
    const task = ledger.read.entities('task', `${mission}.`).find(({ body }) => {
      const { kind, status } = body as TaskState;
      return kind === 'review' && status === 'claimed';
    });
    await hang('review', task?.id ?? '');
    return makeCritic().review(work, review);
  },
});

type As = <T>(given: Assignment, work: (watched: Assignment) => Promise<T>) => Promise<T>;

const makeSimRunner = (as: As): Runner => {
  const runner = makeRunner();
  return {
    ...runner,
    checkBase: (given, checks) => as(given, (at) => runner.checkBase(at, checks)),
    checkChange: (given, checks) => as(given, (at) => runner.checkChange(at, checks)),
    commit: (given, change) => as(given, (at) => runner.commit(at, change)),
  };
};

function makeSimCoder(
  { turn, lies, writePastDoor }: CrewParts,
  as: As,
  hang: SimCrew['hang'],
): Coder {
  const honest = makeCoder(makeSimReflex(turn));
  return {
    ...honest,
    lookAround: (given, tools) => as(given, (at) => honest.lookAround(at, tools)),
    edit: (given, edits) =>
      as(given, async (at) => {
        await hang('begin');
        const { mission, ledger } = at.work;
        const { writeSet } = (ledger.read.entity('task', at.task)?.body ?? {}) as TaskState;
        const lie = lies.find((each) => each.mission === mission && writeSet.includes(each.path));
        await honest.edit(at, lie === undefined ? edits : betray(edits, lie));
        if (lie?.how === 'behind-own') writePastDoor(mission, lie.path);
        if (lie?.how === 'behind-other') writePastDoor(mission, lie.other);
        await hang('end');
      }),
  };
}

function betray(edits: readonly ProposedEdit[], { how, path }: Lie): readonly ProposedEdit[] {
  if (how === 'idle') return edits.filter((edit) => edit.path !== path);
  if (how !== 'extra') return edits;
  return edits.flatMap((edit) => {
    if (edit.path !== path) return [edit];
    const after = Buffer.concat([edit.after, Buffer.from('and one line more\n')]);
    const afterHash = sha256(after);
    return afterHash === edit.baseHash ? [] : [{ ...edit, after, afterHash }];
  });
}

function leaseProblem({ work, lease: { lease, token } }: Assignment, path: string) {
  const held = work.ledger.read.entity('lease', lease)?.body as LeaseState | undefined;
  if (held?.status !== 'held') return `it is ${held?.status ?? 'missing'}`;
  if (held.token !== token) return `its token is ${held.token}, not ${token}`;
  return held.paths.includes(path) ? undefined : 'it does not cover the path';
}
