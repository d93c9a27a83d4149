/** Tells a mission as the reason for a line: its edit, what was decided before, what proves it. */
import type { Ledger, LedgerReader } from '#ledger/ledger.ts';
import { prunedNotes } from '#ledger/prune/pruned-mission.ts';
import type { EventEnvelope } from '#protocol/event.ts';
import type { EventData } from '#protocol/event-types.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { MissionState } from '../../mission-reducer.ts';
import { findEvent } from '../find-event.ts';
import { checkFacts, editsOf, priceFacts, recordedCommit } from '../mission-facts.ts';
import { inOrder } from '../mission-tree.ts';
import { planThen, readStory } from './edit-story.ts';
import type { FoundEdit } from './find-edits.ts';
import type { Certainty, LineEdit, MissionWhy, PlanFacts } from './why-answer.ts';

/** A mission with the edits of it that made a line, the last one first. */
export interface FoundMission {
  readonly ledger: Pick<Ledger, 'space' | 'read'>;
  readonly mission: string;
  readonly state: MissionState;
  readonly certainty: Certainty;
  readonly edits: readonly FoundEdit[];
}

/** All that is on record about it; `path` is the file's as the git commit has it. */
export function explainMission(found: FoundMission, path: string): MissionWhy {
  const { ledger, mission, state, certainty, edits } = found;
  const { read, space } = ledger;
  const [first] = edits;
  const edited = first === undefined ? path : String(first.effect.intent['path']);
  const editEvent = first?.effect.intentEvent ?? '';
  const story = readStory({ read, mission, path: edited, editEvent });
  const { wholeChange, review, comparisons } = story;
  const task = first === undefined ? null : taskOf(first.effect);
  return {
    id: mission,
    space,
    goal: state.goal,
    status: state.status,
    submittedAt: state.submittedAt,
    certainty,
    gitCommit: recordedCommit(read, mission),
    resultBranch: state.resultBranch,
    mergedInto: mergedInto(read, mission),
    edits: edits.map((each) => describeEdit(read, each)),
    plan: planFacts(read, story.decisions, task ?? `${mission}.1`),
    decisions: [...inheritedAnswer(read, story.decisions), ...story.decisions],
    reasons: story.reasons,
    proof: {
      guardrails: (first?.effect.intent['guardrails'] ?? []) as readonly string[],
      wholeChange,
      review,
      checks: checkFacts(read, mission, comparisons),
    },
    price: priceFacts(read, mission),
    unreadable: story.unreadable,
    pruned: prunedNotes(read, mission)[0] ?? null,
    original: first === undefined ? null : originalOf(found, first, path),
  };
}

/** The answer to the plan of a fork's original, when it counts for the fork too. */
function inheritedAnswer(
  read: LedgerReader,
  decisions: readonly EventEnvelope[],
): readonly EventEnvelope[] {
  const fork = decisions.find(({ type }) => type === 'mission.forked')?.data;
  const { approval = null } = (fork ?? {}) as Partial<EventData<'mission.forked'>>;
  const answer = approval === null ? undefined : findEvent(read, approval.event);
  return answer === undefined ? [] : [answer];
}

/** Of an edit that laid out again what the original of a fork had written: the original. */
function originalOf(
  { ledger, state, certainty }: FoundMission,
  edit: FoundEdit,
  path: string,
): MissionWhy | null {
  const { forked } = state;
  const { intent } = edit.effect;
  if (forked === null || forked.layOut === null || taskOf(edit.effect) !== forked.layOut)
    return null;
  const mission = forked.from;
  const before = ledger.read.entity('mission', mission)?.body as MissionState | undefined;
  const effect = inOrder(
    ledger.read,
    editsOf(ledger.read, mission, String(intent['path'])),
  ).findLast(
    (each) =>
      each.intent['path'] === intent['path'] && each.intent['afterHash'] === intent['afterHash'],
  );
  if (before === undefined || effect === undefined) return null;
  const edits = [{ effect, step: edit.step }];
  return explainMission({ ledger, mission, state: before, certainty, edits }, path);
}

function mergedInto(read: LedgerReader, mission: string): string | null {
  const effect = read.entity('effect', `${mission}/merge`)?.body as EffectState | undefined;
  if (effect?.status !== 'done') return null;
  return String(effect.intent['ref']).replace(/^refs\/heads\//u, '');
}

/** The task under whose lease an edit was made: a lease's id is its task's and a number. */
function taskOf({ intent }: EffectState): string | null {
  const lease = String(intent['lease'] ?? '');
  const cut = lease.lastIndexOf('.');
  return cut === -1 ? null : lease.slice(0, cut);
}

function describeEdit(read: LedgerReader, { effect, step }: FoundEdit): LineEdit {
  const { intent, intentEvent } = effect;
  const event = findEvent(read, intentEvent);
  const lease = read.entity('lease', String(intent['lease']))?.body as LeaseState | undefined;
  const task = taskOf(effect);
  const state = read.entity('task', task ?? '')?.body as TaskState | undefined;
  const hunk = step?.hunk;
  return {
    event: intentEvent,
    time: event?.time ?? null,
    actor: event?.actor ?? lease?.holder ?? null,
    authority: event?.authority ?? null,
    task:
      task === null || state === undefined
        ? null
        : { id: task, title: state.title, role: state.role },
    command: commandOf(read, task),
    path: String(intent['path']),
    startLine: hunk?.newStart ?? null,
    before: hunk?.oldLines.map(withoutEnd) ?? null,
    after: hunk?.newLines.map(withoutEnd) ?? null,
  };
}

/** A task may run one command; what that changed on a copy became the edits of the task. */
function commandOf(read: LedgerReader, task: string | null): string | null {
  const mission = (task ?? '').slice(0, task?.lastIndexOf('.'));
  const effect = read.entity('effect', `${mission}/command/${task}`)?.body as
    | EffectState
    | undefined;
  return (effect?.intent['command'] as string | undefined) ?? null;
}

const withoutEnd = (line: string): string => line.replace(/\r?\n$/u, '');

function planFacts(
  read: LedgerReader,
  decisions: readonly EventEnvelope[],
  task: string,
): PlanFacts | null {
  const found = planThen(read, decisions, task);
  if (found === undefined) return null;
  const { id, plan } = found;
  const { hash, summary, supersedes = null, reason = null } = plan;
  return { id, hash, summary, supersedes, reason };
}
