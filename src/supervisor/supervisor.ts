/**
 * The supervisor of a node: takes goals, keeps missions going, answers for plans. It holds no
 * state that is not on the record, but for which missions are being worked on right now.
 */
import { join } from 'node:path';
import type { Bus } from '#bus/bus.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { CommitBell } from '#ledger/subscription.ts';
import type { Command, Receipt, Speaker } from '#protocol/command.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import { makeEffects, type EffectsOptions } from '#tasks/effects.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import type { World } from '#workspace/world.ts';
import { makeOneAtTime } from '#workspace/one-at-time.ts';
import type { Crew } from './crew.ts';
import { prepareFork, type ForkRequest } from './history/fork/prepare-fork.ts';
import { cleanUp, executeMission } from './mission-executor.ts';
import { missionLimits, tooLong } from './limits.ts';
import { planMission } from './mission-planner.ts';
import type { MissionState } from './mission-reducer.ts';
import { findRecipe } from './recipes.ts';
import { AgentNames, type WorkingAgent } from './swarm/agent-names.ts';
import type { SwarmTools } from './swarm/swarm.ts';

/** What a node gives its supervisor. */
export interface SupervisorOptions {
  readonly crew: Crew;
  readonly world: World;
  readonly bus: Bus;
  /** How many tasks of a mission are at work at once, when its person did not say. */
  readonly jobs: number;
  readonly worktrees: string;
  readonly scratch: string;
  readonly epoch: number;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly newId: () => string;
  /** Calls back after so many milliseconds of the monotonic clock; answers how to cancel that. */
  readonly after: (ms: number, callback: () => void) => () => void;
  readonly ledgerOf: (repository: Repository, searchPath: string) => Promise<Ledger>;
  readonly projectOf: (space: string) => ProjectPlace | undefined;
  readonly pause?: EffectsOptions['pause'];
  /** Workers on other nodes of a space, when there may be some. */
  readonly remoteOf?: (space: string) => SwarmTools['remote'];
  /** Told of failures that could not be put on the record. */
  readonly report: (error: SkeinError) => void;
}

/** Where a space's repository is on this machine, and the PATH its programs are found by. */
export interface ProjectPlace {
  readonly repository: string;
  readonly searchPath: string;
}

/** What a person asks for; `searchPath` is the PATH of the shell they asked from. */
export interface Submission {
  readonly goal: string;
  readonly repository: string;
  readonly searchPath: string;
  readonly options: MissionState['options'];
}

/** What a cancelled mission leaves: the folder of its worktree, or null when that is gone too. */
export interface Cancelled {
  readonly worktree: string | null;
  readonly gitCommit: string | null;
}

/** A submitted mission and the space it is recorded in. */
export interface Submitted {
  readonly space: string;
  readonly mission: string;
}

/** A fork: `planning` anew, `waiting` for an answer, or `running` with that to its original. */
export interface Forked extends Submitted {
  readonly status: MissionState['status'];
}

const SUPERVISOR: Speaker = { actor: 'agent:supervisor', authority: 'supervisor' };

interface Running {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** One per node. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #running = new Map<string, Running>();
  readonly #oneAtTime = makeOneAtTime();
  readonly #tools: SwarmTools;
  readonly #names = new AgentNames();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { bus, monotonicMs, after, jobs } = options;
    const timers = { monotonicMs, after };
    this.#tools = { bus, timers, jobs, bell: new CommitBell(), names: this.#names };
  }

  /** The agents of all missions at work. */
  get agents(): readonly WorkingAgent[] {
    return this.#names.list();
  }

  /** The missions that are being worked on right now. */
  get atWork(): readonly string[] {
    return [...this.#running.keys()];
  }

  /** Records the goal and begins to plan; answers as soon as the goal is durable. */
  async submit({ id }: Command, input: Submission, speaker: Speaker): Promise<Submitted> {
    const repository = await this.#options.world.openRepository(input.repository);
    const place = { repository, base: repository.head };
    const recipe = await findRecipe(this.#options.crew, place, input.goal);
    const ledger = await this.#options.ledgerOf(repository, input.searchPath);
    const mission = id;
    const submitted = {
      mission,
      goal: input.goal,
      recipe: recipe.name,
      base: repository.head,
      branch: repository.branch,
      options: input.options,
    };
    const receipt = await ledger.execute({ id, name: 'mission.submit', input: submitted }, speaker);
    if (!receipt.repeated) this.#start(ledger, mission, repository);
    return { space: ledger.space, mission };
  }

  /** A new mission that goes on from a moment of another one, which stays as it is. */
  async fork(
    ledger: Ledger,
    { id }: Command,
    request: ForkRequest,
    speaker: Speaker,
  ): Promise<Forked> {
    const repository = await this.#openAgain(ledger, request.point.mission);
    const { crew, world } = this.#options;
    const input = await prepareFork({ ledger, repository, crew, world }, id, request);
    const receipt = await ledger.execute({ id, name: 'mission.fork', input }, speaker);
    const { status } = missionState(ledger, id);
    if (!receipt.repeated && status !== 'waiting') this.#start(ledger, id, repository);
    return { space: ledger.space, mission: id, status };
  }

  /** A person's yes to a plan; the mission goes on. */
  async approve(ledger: Ledger, command: Command, speaker: Speaker): Promise<Receipt> {
    const { mission } = command.input as { mission: string };
    const repository = await this.#openAgain(ledger, mission);
    const input = { ...(command.input as object), base: repository.head };
    const receipt = await ledger.execute({ ...command, input }, speaker);
    if (!receipt.repeated) this.#start(ledger, mission, repository);
    return receipt;
  }

  /** A person's no; the worktree goes. */
  async reject(ledger: Ledger, command: Command, speaker: Speaker): Promise<Receipt> {
    const { mission } = command.input as { mission: string };
    const receipt = await ledger.execute(command, speaker);
    await this.#tidyUp(ledger, mission);
    return receipt;
  }

  /** Continues a mission that was interrupted, by a person or by a crash. */
  resume(ledger: Ledger, command: Command, speaker: Speaker): Promise<Receipt> {
    const { mission } = command.input as { mission: string };
    // Two at once would both find that nobody works on it.
    return this.#oneAtTime(`resume ${mission}`, async () => {
      if (this.#running.has(mission)) {
        throw new SkeinError('conflict', `Cannot resume mission ${mission}: it is being worked on`);
      }
      const repository = await this.#openAgain(ledger, mission);
      const input = { mission, epoch: this.#options.epoch };
      const receipt = await ledger.execute({ ...command, input }, speaker);
      if (receipt.repeated) return receipt;
      // Nobody works on it: what it holds was left behind when its end could not be recorded.
      const reason = 'the mission is taken up again';
      await this.#releaseTasks(ledger, mission, reason);
      this.#start(ledger, mission, repository);
      return receipt;
    });
  }

  /** Asks a mission to stop at its next safe point; resolves when it has. */
  interrupt(mission: string, reason: string): Promise<boolean> {
    return this.#stop(mission, new SkeinError('interrupted', `Cannot continue: ${reason}`));
  }

  /** Ends a mission for good. What it wrote stays in its worktree until "skein clean". */
  async cancel(ledger: Ledger, command: Command, speaker: Speaker): Promise<Cancelled> {
    const { mission, reason } = command.input as { mission: string; reason: string };
    // Looked up first: a mission of another record must not be stopped by a wrong space.
    missionState(ledger, mission);
    await this.#stop(mission, new SkeinError('interrupted', `Cannot continue: ${reason}`));
    const { approvedFrom } = missionState(ledger, mission);
    const made = ledger.read.entity('effect', `${mission}/git-commit`)?.body as
      | EffectState
      | undefined;
    const gitCommit = made?.status === 'done' ? String(made.outcome?.['gitCommit']) : null;
    const isTidy = ledger.read.entity('effect', `${mission}/cleanup`) !== undefined;
    const worktreeKept = approvedFrom !== null && !isTidy;
    await ledger.execute({ ...command, input: { mission, reason, worktreeKept } }, speaker);
    this.#tools.bell.ring();
    if (!worktreeKept) await this.#tidyUp(ledger, mission);
    return { worktree: worktreeKept ? join(this.#options.worktrees, mission) : null, gitCommit };
  }

  async #stop(mission: string, why: SkeinError): Promise<boolean> {
    const running = this.#running.get(mission);
    if (running === undefined) return false;
    running.stop.abort(why);
    await running.ended;
    return true;
  }

  /** Stops everything at its next safe point. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.#running.keys()].map((mission) => this.interrupt(mission, 'the node stops')),
    );
  }

  async #openAgain(ledger: Ledger, mission: string): Promise<Repository> {
    missionState(ledger, mission);
    const place = this.#options.projectOf(ledger.space);
    const { repository } = place ?? { repository: 'a place that this home does not know' };
    try {
      return await this.#options.world.openRepository(repository);
    } catch (thrown) {
      const cause = toSkeinError(thrown);
      if (cause.name !== 'repository-not-found') throw cause;
      throw new SkeinError(
        'repository-not-found',
        `Cannot continue mission ${mission}: its repository is not at ${repository} any more`,
        { fix: 'If you moved it, run a mission in its new place once: its record follows.', cause },
      );
    }
  }

  #start(ledger: Ledger, mission: string, repository: Repository): void {
    const stop = new AbortController();
    const work = this.#workOn(ledger, mission, repository, stop.signal);
    const before = this.#running.get(mission)?.ended;
    // A person may answer before the work that made the plan has quite ended.
    const ended = Promise.resolve(before)
      .then(() => this.#carryOn(work, stop))
      .finally(() => {
        if (this.#running.get(mission)?.stop === stop) this.#running.delete(mission);
      });
    this.#running.set(mission, { stop, ended });
  }

  #workOn(
    ledger: Ledger,
    mission: string,
    repository: Repository,
    signal: AbortSignal,
  ): MissionWork {
    const { newId, now, monotonicMs, worktrees, scratch, pause, world } = this.#options;
    const { base } = missionState(ledger, mission);
    const worktree = join(worktrees, mission);
    const searchPath = this.#options.projectOf(ledger.space)?.searchPath ?? '';
    const place = { repository, base, worktree, scratch, searchPath };
    const fixed = { mission, ledger, world, now, newId, monotonicMs, ...place };
    const inTheNameOf = (speaker: Speaker, stop: AbortSignal): MissionWork => ({
      ...fixed,
      signal: stop,
      effects: makeEffects({ ledger, newId, speaker, ...(pause === undefined ? {} : { pause }) }),
      record: async (name, input) =>
        (await ledger.execute({ id: newId(), name, input }, speaker)).events,
      as: (agent, own) => inTheNameOf({ actor: agent, authority: 'peer' }, own ?? stop),
    });
    return inTheNameOf(SUPERVISOR, signal);
  }

  /** Never rejects: whatever goes wrong ends on the record, or the record itself is gone. */
  async #carryOn(work: MissionWork, stop: AbortController): Promise<void> {
    const state = missionState(work.ledger, work.mission);
    let cancelTimer = (): void => undefined;
    try {
      const limits = await missionLimits(work);
      cancelTimer = this.#options.after(limits.timeMs, () => stop.abort(tooLong(limits)));
      if (state.status === 'planning') await planMission(work, this.#options.crew, state);
      else await executeMission(work, this.#options.crew, this.#toolsFor(work.ledger.space));
    } catch (thrown) {
      // What breaks off because it was told to stop has not failed: why it was told counts.
      const error = toSkeinError(work.signal.aborted ? work.signal.reason : thrown);
      await this.#endBadly(work, state, error).catch((failure) =>
        this.#report(toSkeinError(failure)),
      );
    } finally {
      cancelTimer();
    }
  }

  #toolsFor(space: string): SwarmTools {
    const remote = this.#options.remoteOf?.(space);
    return remote === undefined ? this.#tools : { ...this.#tools, remote };
  }

  /** When the node is being stopped the ledger may close first; the next start probes what is open. */
  #report(error: SkeinError): void {
    if (error.name !== 'ledger-closed') this.#options.report(error);
  }

  async #endBadly(work: MissionWork, state: MissionState, error: SkeinError): Promise<void> {
    const { mission } = work;
    if (error.name === 'interrupted') {
      await this.#releaseTasks(work.ledger, mission, error.message);
      await work.record('mission.interrupt', { mission, reason: error.message });
      return;
    }
    const worktreeKept = state.status !== 'planning';
    // Nothing was edited while planning: there is nothing in the worktree to look at.
    if (!worktreeKept) await cleanUp(work).catch(() => undefined);
    const { code, message, fix } = error;
    const problem = { error: error.name, code, message, ...(fix === undefined ? {} : { fix }) };
    await work.record('mission.fail', { mission, ...problem, worktreeKept });
    this.#tools.bell.ring();
  }

  /** No lease outlives the work on it: whatever ended it, others may have the paths now. */
  async #releaseTasks(ledger: Ledger, mission: string, reason: string): Promise<void> {
    for (const { id, body } of ledger.read.entities('task', mission)) {
      const task = body as { mission: string; status: string };
      if (task.mission !== mission || task.status !== 'claimed') continue;
      const input = { task: id, reason };
      await ledger.execute({ id: this.#options.newId(), name: 'task.release', input }, SUPERVISOR);
    }
    this.#tools.bell.ring();
  }

  /** The worktree of a mission that has ended; what can't be removed now is left for "skein clean". */
  async #tidyUp(ledger: Ledger, mission: string): Promise<void> {
    try {
      const repository = await this.#openAgain(ledger, mission);
      await cleanUp(this.#workOn(ledger, mission, repository, neverStops()));
    } catch (thrown) {
      this.#report(toSkeinError(thrown));
    }
  }
}

const neverStops = (): AbortSignal => new AbortController().signal;

function missionState(ledger: Ledger, mission: string): MissionState {
  const found = ledger.read.entity('mission', mission);
  if (found !== undefined) return found.body as MissionState;
  throw new SkeinError('not-found', `Cannot find mission ${mission}`);
}
