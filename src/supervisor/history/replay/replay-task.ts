/**
 * What a task must have done before it could be called done, told from its plan and not from what
 * it recorded: its edits byte for byte, its command, its checks with what they prove. Each is asked
 * of the port, which answers from the record or stops the replay.
 */
import type { Assignment } from '#agents/assignment.ts';
import type { Runner } from '#agents/runner.ts';
import { canonicalJson } from '#lib/canonical-json.ts';
import type { BlobReference, Blobs } from '#ledger/ledger.ts';
import type { EventData } from '#protocol/event-types.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { EffectData, Effects } from '#tasks/effects.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import { onlyAnswered, type AskedEffect } from '#tasks/replay-effects.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import { keyOfEdit } from '#workspace/apply-edit.ts';
import type { MissionState, PlanState } from '../../mission-reducer.ts';
import type { PlanContents, PlannedEdit } from '../../plan-contents.ts';
import { stopAt } from './difference.ts';
import type { ReplayState } from './replay-state.ts';

/** What tasks are replayed with. */
export interface TaskParts {
  readonly state: ReplayState;
  readonly effects: Effects;
  readonly blobs: Pick<Blobs, 'get'>;
  readonly contentsOf: (plan: PlanState) => PlanContents;
  readonly runner: Pick<Runner, 'checkBase' | 'checkChange'>;
}

type AskParts = Pick<TaskParts, 'state' | 'effects'>;

type Done = EventData<'task.done'>;

/** Asks for all that the task left in its files; throws `replay-differs` or `blob-missing`. */
export async function askForWork(parts: TaskParts, task: string): Promise<void> {
  const { state } = parts;
  await assertClosed(parts, task);
  const { kind, writeSet } = state.body<TaskState>('task', task) ?? {};
  const plan = presentPlan(state);
  if (plan?.tasks.some(({ id }) => id === task) !== true) return;
  if (kind === 'prove') await askCommit(parts);
  if (kind !== 'edit' && kind !== 'command') return;
  const edits = kind === 'edit' ? plannedEdits(parts, plan) : await commandEdits(parts, task);
  const own = new Set(writeSet);
  for (const edit of edits) if (own.has(edit.path)) await askEdit(parts, edit);
}

/** Asks for what proved the task, and for the tree that was kept of it. */
export async function askForProof(parts: TaskParts, task: string, done: Done): Promise<void> {
  const { kind = null } = parts.state.body<TaskState>('task', task) ?? {};
  if (kind === 'base-checks' || kind === 'prove') await proveAgain(parts, task, done);
  if (kind === null || kind === 'diagnose') return;
  const intent = { task, tree: done.gitTree };
  await ask(parts, {
    kind: 'task-tree',
    key: `task-tree/${task}`,
    subject: `task/${task}`,
    intent,
  });
}

/** The plan that the mission carries out now. */
export function presentPlan(state: ReplayState): PlanState | undefined {
  const { plan = null } = state.body<MissionState>('mission', state.mission) ?? {};
  return state.body<PlanState>('plan', plan ?? '');
}

/** Asks the port for an effect of the mission; `key` is what follows the mission in its key. */
export function ask(
  { state: { mission }, effects }: AskParts,
  asked: Omit<AskedEffect, 'mission'>,
): Promise<EffectData> {
  return effects.perform(onlyAnswered({ ...asked, mission, key: `${mission}/${asked.key}` }));
}

/** Asks for an effect just as its own intent says: whether its outcome is there, and fits to it. */
export async function askAsRecorded({ state, effects }: AskParts, key: string): Promise<void> {
  const { kind, subject, intent, mission } = state.body<EffectState>('effect', key) as EffectState;
  await effects.perform(onlyAnswered({ kind, key, subject, intent, mission: mission ?? '' }));
}

/** Nothing of the task may be open any more: its outcome is what the task builds on. */
async function assertClosed(parts: TaskParts, task: string): Promise<void> {
  const { state } = parts;
  for (const key of state.open) {
    const open = state.body<EffectState>('effect', key);
    if (open !== undefined && taskOf(state, open) === task) await askAsRecorded(parts, key);
  }
}

/** An edit names its lease, a command its task; trees and checks are asked for by what they prove. */
function taskOf(state: ReplayState, { kind, intent }: EffectState): string | undefined {
  if (kind === 'edit') return state.body<LeaseState>('lease', String(intent['lease']))?.task;
  return kind === 'command' ? String(intent['task']) : undefined;
}

const plannedEdits = ({ contentsOf }: TaskParts, plan: PlanState): readonly PlannedEdit[] =>
  contentsOf(plan).edits;

type CommandEdit = Pick<PlannedEdit, 'path' | 'baseHash' | 'afterHash' | 'after' | 'changes'>;

/** What a command came to is part of its outcome: it is not run again. */
async function commandEdits(parts: TaskParts, task: string): Promise<readonly CommandEdit[]> {
  const subject = `task/${task}`;
  const key = `command/${task}`;
  const outcome = await ask(parts, { kind: 'command', key, subject, intent: { task } });
  const { hash } = outcome['edits'] as BlobReference;
  return JSON.parse(parts.blobs.get(hash).toString('utf8')) as readonly CommandEdit[];
}

async function askEdit(parts: TaskParts, edit: CommandEdit): Promise<void> {
  const { state } = parts;
  const { path, afterHash, after, changes } = edit;
  const key = keyOfEdit(state, state.mission, edit).slice(state.mission.length + 1);
  const intent = { path, afterHash, after, changes };
  await ask(parts, { kind: 'edit', key, subject: `file/${path}`, intent });
}

/** The git commit is what the proof leaves. */
async function askCommit(parts: TaskParts): Promise<void> {
  const { state } = parts;
  const made = state.body<EffectState>('effect', `${state.mission}/git-commit`);
  const subject = made?.subject ?? 'git-commit';
  await ask(parts, { kind: 'git-commit', key: 'git-commit', subject, intent: {} });
}

/** The runner itself, with the port under its hands: it must come to the same evidence. */
async function proveAgain(parts: TaskParts, task: string, done: Done): Promise<void> {
  const { runner, state } = parts;
  const plan = presentPlan(state);
  const planned = plan?.tasks.find(({ id }) => id === task);
  if (plan === undefined || planned === undefined) return;
  const own = plan.checks.filter(({ name }) => planned.checks?.includes(name) === true);
  const assignment = answering(parts, task);
  const evidence =
    planned.kind === 'base-checks'
      ? await runner.checkBase(assignment, own)
      : await runner.checkChange(assignment, [...own, ...hooksIn(parts, own, done)]);
  const [found, recorded] = [evidence, done.checks].map(canonicalJson);
  if (found === recorded) return;
  throw stopAt(`Cannot prove task ${task} again: its checks say something else`, [
    `checks: ${found}, the record has ${recorded}`,
  ]);
}

type PlannedCheck = PlanState['checks'][number];

/** The repository's own hooks are in no plan: what was run is what the record has. */
function hooksIn(
  { state }: TaskParts,
  own: readonly PlannedCheck[],
  { checks }: Done,
): readonly PlannedCheck[] {
  const names = new Set(own.map(({ name }) => name));
  const hooks = checks.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  if (hooks.length === 0) return [];
  const runs = [...state.entities.values()]
    .filter(({ kind }) => kind === 'effect')
    .map(({ body }) => body as EffectState)
    .filter(({ kind, intent }) => kind === 'check' && intent['phase'] === 'change');
  return hooks.map((name) => {
    const run = runs.find(({ intent }) => intent['name'] === name);
    return { name, command: String(run?.intent['command'] ?? '') };
  });
}

/** Only what answers are found by: nothing of the world is there to be touched. */
function answering({ state, effects }: TaskParts, task: string): Assignment {
  const { mission } = state;
  const signal = new AbortController().signal;
  const work = { mission, effects, signal, ledger: { read: state } } as unknown as MissionWork;
  return { work, task, alive: () => undefined } as unknown as Assignment;
}
