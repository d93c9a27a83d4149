/**
 * Two nodes of one space in one process: at home a supervisor over a real repository, elsewhere
 * workers. Records are carried from ledger to ledger, git objects over links that shake hands as in a
 * network; either end may die, or be cut off.
 */
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeCritic } from '#agents/critic.ts';
import { WorkPlace } from '#agents/remote/work-place.ts';
import { Worker, type WorkerOptions, type WorkPoint } from '#agents/remote/worker.ts';
import { makeRunner } from '#agents/runner.ts';
import { makeScout } from '#agents/scout.ts';
import { SwarmAgent } from '#agents/swarm-agent.ts';
import { Mailroom } from '#bus/inbox/mailroom.ts';
import { makeMemoryBus } from '#bus/memory-bus.ts';
import { FarWork, type FarWorkOptions } from '#daemon/workers/far-work.ts';
import { GUARDRAILS, makeReflex } from '#guardrails/guardrails.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import { agentId } from '#protocol/address.ts';
import type { SkeinError } from '#protocol/errors.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import type { SeenAgent } from '#registry/registry.ts';
import type { AgentCard } from '#registry/registry-reducer.ts';
import type { Crew } from '#supervisor/crew.ts';
import type { MissionState } from '#supervisor/mission-reducer.ts';
import { Supervisor, type SupervisorOptions } from '#supervisor/supervisor.ts';
import type { Link } from '#sync/link/link.ts';
import type { HandedOver } from '#tasks/requests/work-order.ts';
import { MemoryNetwork } from '#sync/link/memory-link.ts';
import { localWorld } from '#workspace/local-world.ts';
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { SPACE } from '../support/test-ledger.ts';
import { realCoder } from '../swarm/swarm-world.ts';
import { makeTestRecipes, type Contents, type TestGoal } from '../swarm/test-recipe.ts';
import type { TestTimers } from '../swarm/test-timers.ts';
import { FarSpace, type FarNode } from './far-nodes.ts';

/** What a test changes. */
export interface FarWorldOptions {
  readonly files: Contents;
  readonly goals: Readonly<Record<string, TestGoal>>;
  readonly workers?: number;
  readonly jobs?: number;
  readonly crew?: Partial<Crew>;
  readonly timers?: Pick<TestTimers, 'monotonicMs' | 'after'>;
  readonly remote?: FarWorkOptions['remote'];
  /** At the worker, between its steps. */
  readonly pause?: (point: WorkPoint) => Promise<void> | void;
  /** At home, between the steps of an effect. */
  readonly pauseHome?: NonNullable<SupervisorOptions['pause']>;
  /** What the worker hands over instead; `git` runs in its repository. */
  readonly lie?: Lie;
}

/** Another hand-over than what was done. */
export type Lie = (
  said: HandedOver,
  git: (args: readonly string[], input?: string) => string,
) => HandedOver;

const newId = makeUuidv7({ now: Date.now, random: (bytes) => randomFillSync(bytes) });
const PERSON = { actor: 'person:owner', authority: 'human' } as const;
const surroundings = {
  timers: {
    now: Date.now,
    monotonic: () => performance.now(),
    after: (ms: number, callback: () => void) => {
      const timer = setTimeout(callback, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
  },
  random: (bytes: Uint8Array) => randomFillSync(bytes),
};

/** What died must not keep the process alive. */
const ownTimers = { monotonicMs: surroundings.timers.monotonic, after: surroundings.timers.after };

/** One end: its ledger with what a node has for work between nodes. */
interface End {
  node: FarNode;
  mailroom: Mailroom;
  work: FarWork;
  close: () => Promise<void>;
}

/** The two nodes at work. */
export class FarWorld {
  readonly space = new FarSpace(1);
  readonly repository: TempRepository;
  readonly reports: SkeinError[] = [];
  readonly #options: FarWorldOptions;
  readonly #network = new MemoryNetwork(surroundings);
  #links: readonly Link[] = [];
  #isCut = false;
  #seed = 100;
  home: End;
  far: End;
  supervisor: Supervisor;

  constructor(options: FarWorldOptions) {
    this.#options = options;
    this.repository = tempRepository(options.files);
    const [home, far] = this.space.nodes as [FarNode, FarNode];
    this.home = this.#open(home, 1, 0);
    this.far = this.#open(far, 1, options.workers ?? 1);
    this.supervisor = this.#supervise(1);
  }

  async close(): Promise<void> {
    await this.supervisor.close();
    await Promise.all([this.home.close(), this.far.close()]);
  }

  /** The id of a worker. */
  worker(number = 1): string {
    return agentId(`worker-${number}`, this.far.node.key);
  }

  /** Links both ends. */
  async link(): Promise<void> {
    const ends = [this.home, this.far];
    const accepted = Promise.withResolvers<Link>();
    for (const [index, { node }] of ends.entries()) {
      const { signer } = node.node;
      const hello = { ...surroundings, signer, software: 'test', spacesFor: () => [SPACE] };
      this.#network.attach({ address: `${index}`, hello, accept: accepted.resolve });
    }
    const made = await this.#network.dial('0', '1');
    this.#links = [made, await accepted.promise];
    for (const [index, link] of this.#links.entries()) {
      link.serve((method, message) => {
        const serve = (index === 0 ? this.home : this.far).work.methods[method];
        if (serve === undefined) throw new Error(`no method ${method}`);
        return serve(message, link.peer);
      });
    }
  }

  /** Neither records nor git objects pass any more. */
  cut(): void {
    this.#isCut = true;
    this.space.cut(this.home.node, this.far.node);
  }

  heal(): void {
    this.#isCut = false;
    this.space.heal();
  }

  /** Resolves when all workers are known at home. */
  async ready(): Promise<void> {
    const { workers = 1 } = this.#options;
    await this.home.node.seen(() => this.home.node.ledger.read.entities('agent').length >= workers);
    if (this.#links.length === 0) await this.link();
  }

  /** The worker's node dies where it is, and comes back. */
  async killWorker(): Promise<void> {
    const { node } = this.far;
    void this.far.close();
    const again = this.space.reopen(node, node.node.clock, (this.#seed += 1));
    this.far = this.#open(again, 2, this.#options.workers ?? 1);
    for (const link of this.#links) link.close('a node died');
    await this.link();
    this.space.carry();
  }

  /** The home dies where it is, and comes back; missions are to be resumed. */
  async killHome(): Promise<void> {
    const { node } = this.home;
    void this.home.close();
    const again = this.space.reopen(node, node.node.clock, (this.#seed += 1));
    this.home = this.#open(again, 2, 0);
    this.supervisor = this.#supervise(2);
    for (const link of this.#links) link.close('a node died');
    await this.link();
    this.space.carry();
  }

  /** Submits the goal and approves its plan; answers the mission. */
  async begin(goal: string, jobs = this.#options.jobs ?? 2): Promise<string> {
    const options = { merge: false, hooks: false, keepExports: false, checks: [], jobs };
    const searchPath = process.env['PATH'] ?? '';
    const repository = this.repository.top;
    const submission = { goal, repository, searchPath, options };
    const command = { id: newId(), name: 'mission.submit', input: {} };
    const { mission } = await this.supervisor.submit(command, submission, PERSON);
    const { hash } = await this.until(mission, 'waiting');
    const input = { mission, hash, from: PERSON.actor };
    const yes = { id: newId(), name: 'mission.approve', input };
    await this.supervisor.approve(this.home.node.ledger, yes, PERSON);
    return mission;
  }

  async run(goal: string): Promise<MissionState> {
    return this.end(await this.begin(goal));
  }

  end(mission: string): Promise<MissionState> {
    return this.until(mission, 'done', 'failed', 'cancelled', 'interrupted');
  }

  async resume(mission: string): Promise<void> {
    const command = { id: newId(), name: 'mission.resume', input: { mission } };
    await this.supervisor.resume(this.home.node.ledger, command, PERSON);
  }

  async until(mission: string, ...statuses: readonly string[]): Promise<MissionState> {
    const { ledger, seen } = this.home.node;
    const now = (): MissionState => ledger.read.entity('mission', mission)?.body as MissionState;
    await seen(({ type }) => type.startsWith('mission.') && statuses.includes(now()?.status));
    return now();
  }

  /** The events of a type on the record of the home. */
  events<T extends SkeinEvent['type']>(type: T): Extract<SkeinEvent, { readonly type: T }>[] {
    return this.home.node.events().filter((event) => event.type === type) as never[];
  }

  #open(node: FarNode, epoch: number, workers: number): End {
    const { ledger, key } = node;
    const report = (error: SkeinError): void => void this.reports.push(error);
    const mailroom = new Mailroom({
      ledger,
      nodeKey: key,
      secret: key,
      now: () => this.space.clock.ms,
      after: surroundings.timers.after,
      newId,
      report,
    });
    node.reactionsTo = (page) => mailroom.reactionsTo(page);
    const { pause, remote, lie } = this.#options;
    const folder = this.repositories(node);
    const fetchBlob = async (hash: string): Promise<Buffer> => this.#blob(hash);
    const link = (peer: string): Link | undefined =>
      this.#isCut ? undefined : this.#links.find((each) => each.peer === peer);
    const work = new FarWork({
      node: key,
      secret: key,
      epoch,
      folder,
      reflex: makeReflex(GUARDRAILS),
      files: localWorld.files,
      newId,
      after: surroundings.timers.after,
      report,
      ...(pause === undefined ? {} : { pause }),
      ...(remote === undefined ? {} : { remote }),
    });
    const close = work.open({
      ledger,
      mailroom,
      workers: lie === undefined ? workers : 0,
      registry: { agents: () => seenAgents(node) },
      fetchBlob,
      link,
    });
    const liars =
      lie === undefined || workers === 0
        ? []
        : [this.#liar(lie, { node, mailroom, folder, report, fetchBlob, link })];
    return {
      node,
      mailroom,
      work,
      close: async () => {
        await Promise.all([close(), mailroom.close(), ...liars.map((liar) => liar.close())]);
      },
    };
  }

  /** Where a node has its bare repositories. */
  repositories({ key }: FarNode): string {
    return join(this.repository.folder, `repositories-${key.slice(0, 8)}`);
  }

  /** An honest worker but for what it says in the end. */
  #liar(
    lie: Lie,
    {
      node,
      folder,
      ...parts
    }: Pick<WorkerOptions, 'mailroom' | 'report' | 'fetchBlob' | 'link'> & {
      readonly node: FarNode;
      readonly folder: string;
    },
  ): Worker {
    const { ledger, key } = node;
    const { files } = localWorld;
    const reflex = makeReflex(GUARDRAILS);
    const place = new WorkPlace({ folder, space: SPACE, reflex, files });
    const cwd = join(folder, `${SPACE}.git`);
    const git = (args: readonly string[], input = ''): string =>
      execFileSync('git', [...args], { cwd, input, encoding: 'utf8' }).trim();
    return new Worker({
      ...parts,
      name: 'worker-1',
      ledger,
      node: key,
      secret: key,
      newId,
      after: surroundings.timers.after,
      place: { carryOut: async (...given) => lie(await place.carryOut(...given), git) },
    });
  }

  /** From whichever node has it. */
  #blob(hash: string): Buffer {
    const [first, second] = this.space.nodes as [FarNode, FarNode];
    const has = first.ledger.exchange.hasBlob(hash) ? first : second;
    return has.ledger.blobs.get(hash);
  }

  #supervise(epoch: number): Supervisor {
    const { goals, crew, timers = ownTimers, jobs = 2, pauseHome } = this.#options;
    const { folder, top } = this.repository;
    const { monotonicMs, after } = timers;
    const worktrees = join(folder, 'worktrees');
    const scratch = join(folder, 'scratch');
    for (const each of [worktrees, scratch]) mkdirSync(each, { recursive: true });
    const report = (error: SkeinError): void => void this.reports.push(error);
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
      world: localWorld,
      bus: makeMemoryBus({ soon: setImmediate, after, report }),
      jobs,
      worktrees,
      scratch,
      epoch,
      now: Date.now,
      monotonicMs,
      newId,
      after,
      ledgerOf: async () => this.home.node.ledger,
      projectOf: () => ({ repository: top, searchPath: process.env['PATH'] ?? '' }),
      remoteOf: (space) => this.home.work.remoteOf(space),
      ...(pauseHome === undefined ? {} : { pause: pauseHome }),
      report,
    });
  }
}

/** As a registry sees them that hears everybody. */
const seenAgents = ({ ledger }: FarNode): SeenAgent[] =>
  ledger.read.entities('agent').map(({ id, home, body }): SeenAgent => {
    const { role, skills, topics, version } = body as AgentCard;
    const [name = ''] = id.split('@');
    const card = { role, skills, topics, version, isRetired: false };
    const now = { presence: 'alive', state: 'idle', waiting: 0, inFlight: 0 } as const;
    return { id, space: SPACE, name, node: home, ...card, ...now };
  });
