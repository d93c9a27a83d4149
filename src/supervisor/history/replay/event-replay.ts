/**
 * One event after the other: each is folded, and what it builds on is asked of the port. An effect
 * is answered when its outcome comes; whoever needs the outcome of one that has none stops here.
 */
import type { Runner } from '#agents/runner.ts';
import type { Blobs } from '#ledger/ledger.ts';
import type { EventData, SkeinEvent } from '#protocol/event-types.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { Effects } from '#tasks/effects.ts';
import { makeReplayEffects, onlyAnswered } from '#tasks/replay-effects.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import type { MissionState } from '../../mission-reducer.ts';
import { stopAt } from './difference.ts';
import type { ReplayState } from './replay-state.ts';
import { ask, replayTask } from './replay-task.ts';
import type { ReplayTrees } from './replay-trees.ts';

/** What events are replayed with. */
export interface EventParts {
  readonly state: ReplayState;
  readonly blobs: Pick<Blobs, 'get'>;
  readonly runner: Pick<Runner, 'checkBase' | 'checkChange'>;
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
  readonly #parts: EventParts;
  readonly #effects: Effects;

  constructor(parts: EventParts) {
    this.#parts = parts;
    this.#effects = makeReplayEffects((key) => parts.state.body<EffectState>('effect', key));
  }

  /** Takes in the next event; throws `replay-differs` at what it builds on and the record lacks. */
  async take(event: SkeinEvent, author: string): Promise<void> {
    const { state } = this.#parts;
    state.take(event, author);
    if (IN_WORKTREE.has(event.type)) await this.#assertWorktree();
    if (event.type.endsWith('.failed') && isEffect(event)) this.failed += 1;
    if (event.type.endsWith('.done') && isEffect(event)) await this.#answer(event);
    switch (event.type) {
      case 'plan.proposed':
        return this.#look(event.data);
      case 'task-tree.intended':
        return this.#parts.trees.compareTask(state, event.data.task, event.data.tree);
      case 'git-commit.intended':
        return this.#parts.trees.compareCommit(state, this.#mission().base, event.data);
      case 'task.done':
        return this.#proveTask(idOf(event), event.data);
      case 'branch.intended':
        return this.#assertCommit(event.data.to);
      case 'mission.done':
        return this.#proveMission(event.data);
    }
  }

  #mission(): MissionState {
    const { state } = this.#parts;
    return state.body<MissionState>('mission', state.mission) as MissionState;
  }

  /** Its own intent is what is asked for: the port looks whether the outcome fits to it. */
  async #answer({ data }: SkeinEvent): Promise<void> {
    const { state } = this.#parts;
    const key = (data as { readonly effect: string }).effect;
    const effect = state.body<EffectState>('effect', key);
    if (effect === undefined) return;
    const { kind, subject, intent, mission } = effect;
    await this.#effects.perform(
      onlyAnswered({ kind, key, subject, intent, mission: mission ?? '' }),
    );
    this.answered += 1;
  }

  async #assertWorktree(): Promise<void> {
    const { state } = this.#parts;
    const subject = `worktree/${state.mission}`;
    const parts = { state, effects: this.#effects };
    await ask(parts, {
      kind: 'worktree',
      key: 'worktree',
      subject,
      intent: { commit: this.#mission().base },
    });
    if (!state.open.has(`${state.mission}/setup`)) return;
    await ask(parts, { kind: 'setup', key: 'setup', subject, intent: {} });
  }

  /** A plan is made in the worktree; that of a fork was made in another mission's. */
  async #look({ supersedes }: EventData<'plan.proposed'>): Promise<void> {
    const isOwn = this.#mission().forked === null || supersedes !== undefined;
    if (isOwn) await this.#assertWorktree();
  }

  async #proveTask(task: string, done: EventData<'task.done'>): Promise<void> {
    // Proven in the mission that it was forked from; its tree is compared when it is laid out.
    if (done.inherits !== undefined) return;
    const { state, trees } = this.#parts;
    await replayTask({ ...this.#parts, effects: this.#effects }, task, done);
    await trees.compareTask(state, task, done.gitTree);
  }

  /** What a branch is set to must be the git commit that was made. */
  async #assertCommit(gitCommit: string): Promise<void> {
    const parts = { state: this.#parts.state, effects: this.#effects };
    const subject = `git-commit/${gitCommit}`;
    await ask(parts, { kind: 'git-commit', key: 'git-commit', subject, intent: { gitCommit } });
  }

  async #proveMission({ gitCommit, branch, merged }: EventData<'mission.done'>): Promise<void> {
    const { state } = this.#parts;
    const parts = { state, effects: this.#effects };
    await this.#assertCommit(gitCommit);
    const intent = { ref: `refs/heads/${branch}`, to: gitCommit };
    await ask(parts, { kind: 'branch', key: 'branch', subject: `branch/${branch}`, intent });
    const subject = `worktree/${state.mission}`;
    await ask(parts, { kind: 'cleanup', key: 'cleanup', subject, intent: {} });
    const own = this.#mission().branch;
    const move = { ref: `refs/heads/${own}`, to: gitCommit };
    if (merged)
      await ask(parts, { kind: 'merge', key: 'merge', subject: `branch/${own}`, intent: move });
    const undone = this.#undoneTask();
    if (undone === undefined) return;
    throw stopAt(`Cannot call mission ${state.mission} done: task ${undone} is not`, []);
  }

  #undoneTask(): string | undefined {
    const { state } = this.#parts;
    const plan = state.body<{ readonly tasks: readonly { readonly id: string }[] }>(
      'plan',
      this.#mission().plan ?? '',
    );
    return plan?.tasks.find(({ id }) => state.body<TaskState>('task', id)?.status !== 'done')?.id;
  }
}

const idOf = ({ subject }: SkeinEvent): string => subject.slice(subject.indexOf('/') + 1);

const isEffect = ({ data }: SkeinEvent): boolean =>
  typeof (data as { readonly effect?: unknown }).effect === 'string';
