/** What each kind of task is, done by the agent that took it; answers what it hands over. */
import { SkeinError } from '#protocol/errors.ts';
import type { TaskKind } from '#protocol/events/mission.ts';
import type { ProposedEdit } from '#workspace/apply-edit.ts';
import { toProposedEdit } from '../../plan-contents.ts';
import { takeWork } from '../../remote/take-work.ts';
import { assertNothingWritten } from './assert-clean.ts';
import { runPlannedCommand } from './run-planned.ts';
import { proveChange } from './prove-change.ts';
import { reviewChange } from './review-change.ts';
import type { Swarm, Unmet } from '../swarm.ts';
import { comesBefore } from '../../plan/task-graph.ts';
import { checksOf, lookout, type HandOver, type TaskAtWork } from './task-at-work.ts';
import { unmetDiscoveries } from './unmet.ts';
import { editsOf } from './planned-edits.ts';
import { writtenFiles } from './written-files.ts';

const nothing: HandOver = { checks: [], unmet: [] };

type DoTask = (at: TaskAtWork) => Promise<HandOver>;

const BY_KIND: Readonly<Record<Exclude<TaskKind, 'diagnose'>, DoTask>> = {
  'base-checks': async ({ swarm, planned, assignment }) => {
    const checks = await swarm.crew.runner.checkBase(assignment, checksOf(swarm, planned));
    await assertNothingWritten(swarm, checks, writtenFiles(swarm));
    return { ...nothing, checks };
  },
  edit: async (at) => {
    const { swarm, planned, assignment } = at;
    const edits = editsOf(swarm, planned);
    await tellPeers(at, edits);
    await swarm.crew.coder.edit(assignment, await makeEdits(at, edits));
    return { ...nothing, unmet: await lookAround(at) };
  },
  command: async (at) => ({ ...nothing, found: await runPlannedCommand(at) }),
  review: async (at) => ({ ...nothing, ...(await reviewChange(at)) }),
  prove: async (at) => ({ ...nothing, ...(await proveChange(at)) }),
};

/** Does the task; plans of before there were kinds have one task, which they did not name. */
export function doTask(at: TaskAtWork): Promise<HandOver> {
  const kind = at.planned.kind ?? 'edit';
  if (kind === 'diagnose')
    throw new SkeinError('internal', 'Cannot do a diagnosis: it is in no plan');
  return BY_KIND[kind](at);
}

/** What is to go through the door: as planned, or as a worker on another node has made it. */
async function makeEdits(
  at: TaskAtWork,
  edits: readonly ProposedEdit[],
): Promise<readonly ProposedEdit[]> {
  const { remote } = at.swarm.tools;
  if (remote === undefined || at.offer === undefined) return edits;
  return takeWork(at, remote, { offer: at.offer, edits });
}

/** Peers hear of a change of names before it is made: what they use may be called otherwise soon. */
async function tellPeers(
  { swarm, planned, assignment }: TaskAtWork,
  edits: readonly ProposedEdit[],
): Promise<void> {
  const { names } = swarm.approved.contents;
  if (names === null || edits.length === 0) return;
  const files = `${edits.length} ${edits.length === 1 ? 'file' : 'files'}`;
  const text = `I am changing ${names.from} to ${names.to} in ${files}: ${planned.title}`;
  await assignment.agent.announce(planned.id, text, []);
}

/** Looks for uses that the plan does not reach, and settles with the peers who takes them over. */
async function lookAround(at: TaskAtWork): Promise<readonly Unmet[]> {
  const { swarm, planned, assignment, release } = at;
  const { recipe, state } = swarm.approved;
  const { look } = recipe;
  if (look === undefined) return [];
  const { found, event } = await swarm.crew.coder.lookAround(assignment, {
    look: () => look(state.goal, lookout(swarm)),
    plain: (path) => plainEdit(swarm, path),
    writeSet: planned.writeSet,
    comesBefore,
    release,
  });
  return unmetDiscoveries(found, event, planned.id);
}

function plainEdit({ approved, work }: Swarm, path: string): ProposedEdit | undefined {
  const found = approved.contents.plain?.find((edit) => edit.path === path);
  return found === undefined ? undefined : toProposedEdit(work.ledger.blobs, found);
}
