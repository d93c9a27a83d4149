/**
 * Agents without a supervisor: a real record, a real worktree and a bus, on which a test sends what
 * the supervisor would send, and looks at how the agents answer.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Assignment } from '#agents/assignment.ts';
import { leaseOf, SwarmAgent, type DispatchAnswer, type Role } from '#agents/swarm-agent.ts';
import { makeMemoryBus, type MemoryBus } from '#bus/memory-bus.ts';
import type { Speaker } from '#protocol/command.ts';
import type { SkeinError } from '#protocol/errors.ts';
import { agentSubject } from '#protocol/subjects.ts';
import { makeEffects } from '#tasks/effects.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import { tempRepository } from '#workspace/fixtures/temp-repository.ts';
import { tempWorktree, type TempWorktree } from '#workspace/fixtures/temp-worktree.ts';
import { localWorld } from '#workspace/local-world.ts';
import { DIGEST, proposal, submission } from '../support/mission-story.ts';
import { newId, openSwarmSpace, PERSON, type SwarmSpace } from './swarm-space.ts';
import type { Contents } from './test-recipe.ts';
import { realTimers, type TestTimers } from './test-timers.ts';

const SUPERVISOR: Speaker = { actor: 'agent:supervisor', authority: 'supervisor' };

/** What differs from an agent as a node has it. */
export interface AgentOptions {
  readonly role?: Role;
  readonly work?: Partial<MissionWork>;
  readonly make?: (options: ConstructorParameters<typeof SwarmAgent>[0]) => SwarmAgent;
}

/** The place where agents are tried. */
export interface AgentStage extends TempWorktree {
  readonly space: SwarmSpace;
  readonly bus: MemoryBus;
  /** What handlers on the bus have thrown and nobody was told of. */
  readonly reports: readonly SkeinError[];
  /** A running mission with one task for each of the write sets. Older ones have lower ids. */
  readonly mission: (...writeSets: readonly (readonly string[])[]) => Promise<string>;
  readonly work: (mission: string) => MissionWork;
  /** An agent that listens. */
  readonly agent: (mission: string, name: string, options?: AgentOptions) => SwarmAgent;
  /** Sends the task as the supervisor does. */
  readonly send: (
    agent: SwarmAgent,
    task: string,
    more?: readonly string[],
  ) => Promise<DispatchAnswer>;
  /** Sends it to an agent that has to take it. */
  readonly assign: (agent: SwarmAgent, task: string) => Promise<Assignment>;
}

/** Opens a stage whose worktree has these files. */
export async function openStage(
  files: Contents,
  timers: Pick<TestTimers, 'monotonicMs' | 'after'> = realTimers,
): Promise<AgentStage> {
  const space = await openSwarmSpace();
  const temp = tempRepository(files);
  const made = await tempWorktree(temp);
  const reports: SkeinError[] = [];
  const { after, monotonicMs } = timers;
  const report = (error: SkeinError): void => void reports.push(error);
  const bus = makeMemoryBus({ soon: setImmediate, after, report });
  const scratch = join(temp.folder, 'scratch');
  mkdirSync(scratch);
  const work = (mission: string): MissionWork =>
    makeWork({ ...made, space, mission, scratch, monotonicMs }, SUPERVISOR);
  const send: AgentStage['send'] = async (agent, task, more = []) => {
    const id = newId();
    const from = SUPERVISOR.actor;
    const said = { id, from, kind: 'dispatch', text: `do ${task}`, about: [], task };
    const subject = agentSubject(space.ledger.space, agent.name);
    const body = { ...said, dispatch: { task, ttlMs: 60_000, more } };
    const message = { id, subject, from, sentAt: new Date().toISOString(), body };
    return (await bus.request(message, 60_000)) as DispatchAnswer;
  };
  return {
    ...made,
    space,
    bus,
    reports,
    work,
    send,
    mission: (...writeSets) => startMission(space, writeSets),
    agent: (mission, name, { role = 'coder', work: other = {}, make } = {}) => {
      const options = { name, role, bus, work: { ...work(mission).as(name), ...other } };
      const agent = make?.(options) ?? new SwarmAgent(options);
      agent.join();
      return agent;
    },
    assign: async (agent, task) => {
      const answer = await send(agent, task);
      if (answer.type !== 'taken') throw new Error(`declined: ${answer.holder} ${answer.path}`);
      agent.task = task;
      const lease = leaseOf(agent.work, task);
      return { agent, work: agent.work, task, lease, alive: () => undefined };
    },
  };
}

async function startMission(
  space: SwarmSpace,
  writeSets: readonly (readonly string[])[],
): Promise<string> {
  const mission = newId();
  const tasks = writeSets.map((writeSet, index) => {
    const id = `${mission}.${index + 1}`;
    return { id, title: `Write ${writeSet.join(' ')}`, role: 'coder', kind: 'edit', writeSet };
  });
  await space.say('mission.submit', submission(mission));
  await space.say('plan.propose', { ...proposal(mission, []), tasks });
  await space.say('mission.approve', { mission, hash: DIGEST, from: PERSON.actor });
  return mission;
}

interface Place extends TempWorktree {
  readonly space: SwarmSpace;
  readonly mission: string;
  readonly scratch: string;
  readonly monotonicMs: () => number;
}

function makeWork(place: Place, speaker: Speaker, stop?: AbortSignal): MissionWork {
  const { space, mission, repository, worktree, scratch, monotonicMs } = place;
  const { ledger, say } = space;
  const signal = stop ?? new AbortController().signal;
  return {
    mission,
    ledger,
    repository,
    worktree,
    scratch,
    monotonicMs,
    newId,
    signal,
    effects: makeEffects({ ledger, newId, speaker }),
    world: localWorld,
    base: repository.head,
    searchPath: process.env['PATH'] ?? '',
    now: Date.now,
    record: (name, input) => say(name, input, speaker),
    as: (actor, own) => makeWork(place, { actor, authority: 'peer' }, own ?? stop),
  };
}
