/** All deciders and reducers: what commands mean and what events fold to. Pure, for any thread. */
import type { DeciderTable } from '#ledger/decider.ts';
import { noteDeciders } from '#ledger/note-decider.ts';
import { pruneDeciders } from '#ledger/prune/prune-decider.ts';
import type { ReducerSet } from '#ledger/reducer.ts';
import { reduceSpace } from '#ledger/space-reducer.ts';
import { forkDeciders } from '#supervisor/history/fork/fork-decider.ts';
import { missionDeciders } from '#supervisor/mission-decider.ts';
import {
  needsWorktree,
  reduceMission,
  reducePlan,
  type MissionState,
} from '#supervisor/mission-reducer.ts';
import { planDeciders } from '#supervisor/plan-decider.ts';
import { effectDeciders } from '#tasks/effect-decider.ts';
import { reduceEffect } from '#tasks/effect-reducer.ts';
import { leaseDeciders } from '#tasks/lease-decider.ts';
import { taskDeciders } from '#tasks/task-decider.ts';
import { reduceLease, reduceTask } from '#tasks/task-reducer.ts';

/** Deciders by command name. */
export const deciders: DeciderTable = {
  ...missionDeciders,
  ...forkDeciders,
  ...planDeciders,
  ...taskDeciders,
  ...leaseDeciders,
  ...effectDeciders,
  ...noteDeciders,
  ...pruneDeciders((mission) => !needsWorktree((mission as MissionState).status)),
};

/** Reducers by entity kind. Raise `version` with every change of what they fold to. */
export const reducers: ReducerSet = {
  version: 2,
  reducers: {
    space: reduceSpace,
    mission: reduceMission,
    plan: reducePlan,
    task: reduceTask,
    lease: reduceLease,
    effect: reduceEffect,
  },
};
