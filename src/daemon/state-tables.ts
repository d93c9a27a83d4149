/** All deciders and reducers: what commands mean and what events fold to. Pure, for any thread. */
import { busDeciders } from '#bus/inbox/bus-deciders.ts';
import { reduceInbox } from '#bus/inbox/inbox-reducer.ts';
import type { DeciderTable } from '#ledger/decider.ts';
import { noteDeciders } from '#ledger/note-decider.ts';
import { pruneDeciders } from '#ledger/prune/prune-decider.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import { reduceSpace } from '#ledger/state/space-reducer.ts';
import { nodeDeciders } from '#registry/node-decider.ts';
import { reduceAgent, reduceNode } from '#registry/registry-reducer.ts';
import { forkDeciders } from '#supervisor/history/fork/fork-decider.ts';
import { missionDeciders } from '#supervisor/mission-decider.ts';
import {
  needsWorktree,
  reduceMission,
  reducePlan,
  type MissionState,
} from '#supervisor/mission-reducer.ts';
import { planDeciders } from '#supervisor/plan-decider.ts';
import { memberDeciders } from '#sync/member/member-decider.ts';
import { effectDeciders } from '#tasks/effect-decider.ts';
import { reduceEffect } from '#tasks/effect-reducer.ts';
import { leaseDeciders } from '#tasks/lease-decider.ts';
import { requestDeciders } from '#tasks/requests/request-decider.ts';
import { taskDeciders } from '#tasks/task-decider.ts';
import { reduceLease, reduceTask } from '#tasks/task-reducer.ts';

/** Deciders by command name. */
export const deciders: DeciderTable = {
  ...missionDeciders,
  ...forkDeciders,
  ...planDeciders,
  ...taskDeciders,
  ...leaseDeciders,
  ...requestDeciders,
  ...effectDeciders,
  ...noteDeciders,
  ...busDeciders,
  ...nodeDeciders,
  ...memberDeciders,
  ...pruneDeciders((mission) => !needsWorktree((mission as MissionState).status)),
};

/** Reducers by entity kind. Raise `version` with every change of what they fold to. */
export const reducers: ReducerSet = {
  version: 3,
  reducers: {
    space: reduceSpace,
    mission: reduceMission,
    plan: reducePlan,
    task: reduceTask,
    lease: reduceLease,
    effect: reduceEffect,
    node: reduceNode,
    agent: reduceAgent,
    inbox: reduceInbox,
  },
};
