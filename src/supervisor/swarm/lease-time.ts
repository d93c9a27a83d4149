/**
 * How long an agent may be silent before its lease ends, in milliseconds, by what it does, and how
 * often that may happen to one task.
 */
import { SkeinError } from '#protocol/errors.ts';
import type { TaskKind } from '#protocol/events/mission.ts';
import { CHECK_TIMEOUT_MS } from '#workspace/checks/run-check.ts';
import type { PlannedTask } from '../plan/task-graph.ts';

const MINUTE_MS = 60_000;

/** Each edit is a sign of life. */
const EDIT_TTL_MS = MINUTE_MS;

/** A check or command ends by its own time limit: who runs one is silent for so long at most. */
const RUN_TTL_MS = CHECK_TIMEOUT_MS + MINUTE_MS;

const BY_KIND: Readonly<Record<TaskKind, number>> = {
  'base-checks': RUN_TTL_MS,
  edit: EDIT_TTL_MS,
  command: RUN_TTL_MS,
  review: 5 * MINUTE_MS,
  prove: RUN_TTL_MS,
  diagnose: 5 * MINUTE_MS,
};

/** The `ttlMs` of a lease for the task. */
export const leaseTtlMs = ({ kind = 'edit' }: Pick<PlannedTask, 'kind'>): number => BY_KIND[kind];

/** So often a task is given to another agent after one fell silent over it. */
export const MOST_SILENCES = 3;

/** Why a mission ends over whose task one agent after the other, `agent` the last, fell silent. */
export const silentTooOften = (task: string, agent: string): SkeinError =>
  new SkeinError('agent-lost', `Cannot go on with task ${task}: ${agent} gave no sign of life`, {
    fix: `The task was tried ${MOST_SILENCES} times. See what it was at: skein log`,
  });
