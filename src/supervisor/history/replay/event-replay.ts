/**
 * One event after the other: each is folded, and what it builds on is asked of the port. An effect
 * is answered when its outcome comes; whoever needs the outcome of one that has none stops here.
 */
import type { EventData, SkeinEvent } from '#protocol/event-types.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import { makeReplayEffects } from '#tasks/replay-effects.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import type { MissionState } from '../../mission-reducer.ts';
import { readContents, type PlanContents } from '../../plan-contents.ts';
import { stopAt } from './difference.ts';
import type { ReplayState } from './replay-state.ts';
import {
  ask,
  askAsRecorded,
  askForProof,
  askForWork,
  presentPlan,
  type TaskParts,
} from './replay-task.ts';
import type { ReplayTrees } from './replay-trees.ts';

/** What events are replayed with. */
export interface EventParts extends Omit<TaskParts, 'effects' | 'contentsOf'> {
  readonly trees: ReplayTrees;
}

/** Effects that are made in a worktree: it must be there, and set up. */
const IN_WORKTREE: ReadonlySet<string> = new Set([
  'edit.intended',
  'check.intended',
  'command.intended',
  'task-tree.intended',
]);

/** The events of one mission, from the first to the last. */
export class EventReplay {
  /** Effects that the port has answered, and those whose failure is recorded. */
  answered = 0;
  failed = 0;
  readonly #trees: ReplayTrees;
  readonly #tasks: TaskParts;

  constructor({ trees, ...parts }: EventParts) {
    const contents = new Map<string, PlanContents>();
    this.#trees = trees;
    this.#tasks = {
      ...parts,
      effects: makeReplayEffects((key) => parts.state.body<EffectState>('effect', key)),
      // Each task of a plan looks into the same contents.
      contentsOf: ({ contents: reference }) => {
        const known = contents.get(reference.hash) ?? readContents(parts.blobs, reference);
        contents.set(reference.hash, known);
        return known;
      },
    };
  }

  /** Takes in the next event; throws `replay-differs` at what it builds on and the record lacks. */
  async take(event: SkeinEvent, author: string): Promise<void> {
    this.#state.take(event, author);
    if (IN_WORKTREE.has(event.type)) await this.#askWorktree();
    if (event.type.endsWith('.failed') && isEffect(event)) this.failed += 1;
    if (event.type.endsWith('.done') && isEffect(event)) await this.#answer(event);
    switch (event.type) {
      case 'plan.proposed':
        return this.#askPlan(event.data);
      case 'task-tree.intended':
        return this.#keepTask(event.data.task, event.data.tree);
      case 'git-commit.intended':
        return this.#trees.compareCommit(this.#state, this.#mission.base, event.data);
      case 'task.done':
        return this.#proveTask(idOf(event), event.data);
      case 'branch.intended':
        return this.#askCommit(event.data.to);
      case 'mission.done':
        return this.#proveMission(event.data);
    }
  }

  get #state(): ReplayState {
    return this.#tasks.state;
  }

  get #mission(): MissionState {
    return this.#state.body<MissionState>('mission', this.#state.mission) as MissionState;
  }

  /** Its own intent is what is asked for: the port looks whether the outcome fits to it. */
  async #answer({ data }: SkeinEvent): Promise<void> {
    const key = (data as { readonly effect: string }).effect;
    if (this.#state.body('effect', key) === undefined) return;
    await askAsRecorded(this.#tasks, key);
    this.answered += 1;
  }

  async #askWorktree(): Promise<void> {
    const subject = `worktree/${this.#state.mission}`;
    const intent = { commit: this.#mission.base };
    await ask(this.#tasks, { kind: 'worktree', key: 'worktree', subject, intent });
    if (!this.#state.open.has(`${this.#state.mission}/setup`)) return;
    await ask(this.#tasks, { kind: 'setup', key: 'setup', subject, intent: {} });
  }

  /** A plan is made in the worktree; that of a fork was made in another mission's. */
  async #askPlan({ supersedes }: EventData<'plan.proposed'>): Promise<void> {
    if (this.#mission.forked === null || supersedes !== undefined) await this.#askWorktree();
  }

  /** The tree of a task that was done before a fork, which the fork took over; else undefined. */
  #inherited(task: string): string | undefined {
    return this.#mission.forked?.done.find((each) => each.task === task)?.gitTree;
  }

  /** What was taken over has its files laid out, to the tree that it had; all else is asked for. */
  async #keepTask(task: string, tree: string): Promise<void> {
    const inherited = this.#inherited(task);
    if (inherited === undefined) await askForWork(this.#tasks, task);
    else await this.#trees.compareTask(this.#state, task, inherited);
    await this.#trees.compareTask(this.#state, task, tree);
  }

  async #proveTask(task: string, done: EventData<'task.done'>): Promise<void> {
    // Proven in the mission that it was forked from; its tree is compared when it is laid out.
    if (this.#inherited(task) !== undefined) return;
    await askForWork(this.#tasks, task);
    await askForProof(this.#tasks, task, done);
    await this.#trees.compareTask(this.#state, task, done.gitTree);
  }

  /** What a branch is set to must be the git commit that was made. */
  async #askCommit(gitCommit: string): Promise<void> {
    const subject = `git-commit/${gitCommit}`;
    const intent = { gitCommit };
    await ask(this.#tasks, { kind: 'git-commit', key: 'git-commit', subject, intent });
  }

  async #proveMission({ gitCommit, branch, merged }: EventData<'mission.done'>): Promise<void> {
    const { mission } = this.#state;
    await this.#askCommit(gitCommit);
    await this.#askRef('branch', branch, gitCommit);
    const subject = `worktree/${mission}`;
    await ask(this.#tasks, { kind: 'cleanup', key: 'cleanup', subject, intent: {} });
    if (merged) await this.#askRef('merge', this.#mission.branch ?? '', gitCommit);
    const undone = presentPlan(this.#state)?.tasks.find(
      ({ id }) => this.#state.body<TaskState>('task', id)?.status !== 'done',
    );
    if (undone === undefined) return;
    throw stopAt(`Cannot call mission ${mission} done: task ${undone.id} is not`, []);
  }

  async #askRef(kind: 'branch' | 'merge', branch: string, to: string): Promise<void> {
    const intent = { ref: `refs/heads/${branch}`, to };
    await ask(this.#tasks, { kind, key: kind, subject: `branch/${branch}`, intent });
  }
}

const idOf = ({ subject }: SkeinEvent): string => subject.slice(subject.indexOf('/') + 1);

const isEffect = ({ data }: SkeinEvent): boolean =>
  typeof (data as { readonly effect?: unknown }).effect === 'string';
