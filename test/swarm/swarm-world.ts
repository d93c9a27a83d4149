/**
 * A supervisor with all that a node gives it, over a real repository and a real record, so that a
 * test can put other agents, timers or parts of the world in their place.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeCoder, type Coder } from '#agents/coder.ts';
import { makeCritic } from '#agents/critic.ts';
import { makeRunner } from '#agents/runner.ts';
import { makeScout } from '#agents/scout.ts';
import { SwarmAgent } from '#agents/swarm-agent.ts';
import { makeMemoryBus } from '#bus/memory-bus.ts';
import { GUARDRAILS, makeReflex } from '#guardrails/guardrails.ts';
import type { Command } from '#protocol/command.ts';
import type { SkeinError } from '#protocol/errors.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import type { Crew } from '#supervisor/crew.ts';
import type { MissionState } from '#supervisor/mission-reducer.ts';
import { Supervisor, type SupervisorOptions } from '#supervisor/supervisor.ts';
import { localWorld } from '#workspace/local-world.ts';
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import type { World } from '#workspace/world.ts';
import { newId, openSwarmSpace, PERSON, type SwarmSpace } from './swarm-space.ts';
import { makeTestRecipes, type Contents, type TestGoal } from './test-recipe.ts';
import { realTimers, type TestTimers } from './test-timers.ts';

/** What a test changes; all else is as in a node. */
export interface SwarmWorldOptions {
  readonly files: Contents;
  readonly goals: Readonly<Record<string, TestGoal>>;
  readonly crew?: Partial<Crew>;
  readonly world?: Partial<World>;
  /** For leases and for the bus; absent = those of this machine. */
  readonly timers?: Pick<TestTimers, 'monotonicMs' | 'after'>;
  readonly jobs?: number;
  readonly pause?: NonNullable<SupervisorOptions['pause']>;
}

/** What a mission may be asked for besides its goal. */
export interface RunOptions {
  readonly checks?: readonly string[];
  readonly jobs?: number;
}

/** A world at work. Missions are named by their ids. */
export interface SwarmWorld {
  readonly space: SwarmSpace;
  readonly repository: TempRepository;
  readonly supervisor: Supervisor;
  /** What could not be put on the record: must stay empty. */
  readonly reports: readonly SkeinError[];
  readonly submit: (goal: string, options?: RunOptions) => Promise<string>;
  /** Resolves when the mission has one of these statuses. */
  readonly until: (mission: string, ...statuses: readonly string[]) => Promise<MissionState>;
  /** Resolves when an event of the mission (or of any, without one) fulfils `wanted`. */
  readonly seen: (wanted: (event: SkeinEvent) => boolean, mission?: string) => Promise<SkeinEvent>;
  /** A person's yes to the plan that is shown now. */
  readonly approve: (mission: string) => Promise<void>;
  /** Submits and approves the first plan; answers when that is on the record. */
  readonly begin: (goal: string, options?: RunOptions) => Promise<string>;
  /** Approves every plan of the mission until it ends. */
  readonly finish: (mission: string) => Promise<Ended>;
  /** Begins and finishes. */
  readonly run: (goal: string, options?: RunOptions) => Promise<Ended>;
  readonly resume: (mission: string) => Promise<void>;
  readonly cancel: (mission: string) => Promise<void>;
  readonly reject: (mission: string, hash?: string | null) => Promise<void>;
  /** What a git commit or branch has at `path`; undefined when it has nothing there. */
  readonly show: (commit: string, path: string) => string | undefined;
  readonly branches: () => readonly string[];
  /** The worktree of a mission. */
  readonly worktree: (mission: string) => string;
  /** The same home and repository with another owner, as after a crash. */
  readonly reopen: (options?: Partial<SwarmWorldOptions>) => Promise<SwarmWorld>;
}

/** A mission that has ended. */
export interface Ended {
  readonly mission: string;
  readonly state: MissionState;
  readonly events: readonly SkeinEvent[];
}

const OPTIONS = { merge: false, hooks: false, keepExports: false };
const ENDS = ['done', 'failed', 'rejected', 'cancelled'];

/** A coder as a node has it. */
export const realCoder = (): Coder => makeCoder(makeReflex(GUARDRAILS));

/** Opens a repository with `files`, a space for it, and a supervisor. */
export async function openSwarmWorld(options: SwarmWorldOptions): Promise<SwarmWorld> {
  const repository = tempRepository(options.files);
  return build(options, repository, await openSwarmSpace());
}

function build(
  options: SwarmWorldOptions,
  repository: TempRepository,
  space: SwarmSpace,
): SwarmWorld {
  const reports: SkeinError[] = [];
  const worktrees = join(repository.folder, 'worktrees');
  const supervisor = makeSupervisor(options, { repository, space, reports, worktrees });
  const until = makeUntil(space);
  const person = makePerson(supervisor, { space, until, repository });
  return {
    space,
    repository,
    supervisor,
    reports,
    until,
    ...person,
    seen: (wanted, mission) => space.follow(mission, (events) => events.find(wanted)),
    run: async (goal, runOptions) => {
      const mission = await person.submit(goal, runOptions);
      return person.finish(mission);
    },
    show: (commit, path) => {
      try {
        return repository.git('show', `${commit}:${path}`);
      } catch {
        return undefined;
      }
    },
    branches: () =>
      repository
        .git('for-each-ref', '--format=%(refname:short)', 'refs/heads/skein')
        .split('\n')
        .filter((line) => line !== ''),
    worktree: (mission) => join(worktrees, mission),
    reopen: async (more = {}) => {
      await space.close();
      const next = await openSwarmSpace(space.folder, space.epoch + 1);
      return build({ ...options, ...more }, repository, next);
    },
  };
}

const makeUntil =
  (space: SwarmSpace): SwarmWorld['until'] =>
  (mission, ...statuses) =>
    space.follow(mission, () => {
      const now = space.ledger.read.entity('mission', mission)?.body as MissionState;
      return statuses.includes(now.status) ? now : undefined;
    });

type Person = Pick<
  SwarmWorld,
  'submit' | 'approve' | 'begin' | 'finish' | 'resume' | 'cancel' | 'reject'
>;

/** What a person does at the command line. */
function makePerson(
  supervisor: Supervisor,
  { space, until, repository }: Pick<SwarmWorld, 'space' | 'until' | 'repository'>,
): Person {
  const { ledger } = space;
  const command = (name: string, input: object): Command => ({ id: newId(), name, input });
  const answer = async (mission: string): Promise<object> => {
    const { hash } = await until(mission, 'waiting');
    return { mission, hash, from: PERSON.actor };
  };
  const submit: Person['submit'] = async (goal, { checks = [], ...more } = {}) => {
    const input = { ...OPTIONS, ...more, checks: [...checks] };
    const searchPath = process.env['PATH'] ?? '';
    const submission = { goal, repository: repository.top, searchPath, options: input };
    return (await supervisor.submit(command('mission.submit', {}), submission, PERSON)).mission;
  };
  const approve = async (mission: string): Promise<void> => {
    const input = await answer(mission);
    await supervisor.approve(ledger, command('mission.approve', input), PERSON);
  };
  return {
    submit,
    approve,
    begin: async (goal, options) => {
      const mission = await submit(goal, options);
      await approve(mission);
      return mission;
    },
    finish: async (mission) => {
      for (;;) {
        const state = await until(mission, 'waiting', ...ENDS);
        if (state.status !== 'waiting') return { mission, state, events: space.events(mission) };
        await approve(mission);
      }
    },
    resume: async (mission) => {
      await supervisor.resume(ledger, command('mission.resume', { mission }), PERSON);
    },
    cancel: async (mission) => {
      const input = { mission, reason: 'not wanted' };
      await supervisor.cancel(ledger, command('mission.cancel', input), PERSON);
    },
    reject: async (mission, hash) => {
      const shown = hash ?? (await until(mission, 'waiting')).hash;
      const input = { mission, hash: shown, reason: 'not like this' };
      await supervisor.reject(ledger, command('mission.reject', input), PERSON);
    },
  };
}

interface Place {
  readonly repository: TempRepository;
  readonly space: SwarmSpace;
  readonly reports: SkeinError[];
  readonly worktrees: string;
}

function makeSupervisor(
  { goals, crew, world, timers = realTimers, jobs = 3, pause }: SwarmWorldOptions,
  { repository, space, reports, worktrees }: Place,
): Supervisor {
  const { ledger, epoch } = space;
  const { monotonicMs, after } = timers;
  const scratch = join(repository.folder, 'scratch');
  for (const folder of [worktrees, scratch]) mkdirSync(folder, { recursive: true });
  const report = (error: SkeinError): void => void reports.push(error);
  return new Supervisor({
    crew: {
      scout: makeScout(),
      coder: realCoder(),
      critic: makeCritic(),
      runner: makeRunner(),
      makeAgent: (given) => new SwarmAgent(given),
      changeGuardrails: [],
      recipes: makeTestRecipes(goals),
      ...crew,
    },
    world: { ...localWorld, ...world },
    bus: makeMemoryBus({ soon: setImmediate, after, report }),
    jobs,
    worktrees,
    scratch,
    epoch,
    now: Date.now,
    monotonicMs,
    newId,
    after,
    ledgerOf: async () => ledger,
    projectOf: () => ({ repository: repository.top, searchPath: process.env['PATH'] ?? '' }),
    ...(pause === undefined ? {} : { pause }),
    report,
  });
}

/** The data of all events of a type. */
export const dataOf = <T extends SkeinEvent['type']>(
  events: readonly SkeinEvent[],
  type: T,
): readonly (SkeinEvent & { readonly type: T })['data'][] =>
  events.filter((event) => event.type === type).map(({ data }) => data as never);

/** Throws with the problem of a mission that did not end as wanted; nothing may be left of its work. */
export function assertEnded(world: SwarmWorld, { mission, state }: Ended, status: string): void {
  assert.equal(state.status, status, state.problem?.message ?? state.status);
  const own = world.space.events(mission);
  const lease = (type: string): number => own.filter((event) => event.type === type).length;
  const closed = lease('lease.released') + lease('lease.expired');
  assert.equal(lease('lease.granted'), closed, 'a lease was left held');
  assert.deepEqual(world.reports, []);
  if (status !== 'done') assert.deepEqual(world.branches(), []);
}
