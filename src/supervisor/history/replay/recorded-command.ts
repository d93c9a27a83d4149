/**
 * From what was recorded back to the command that was decided: its name and its input, as far as
 * events keep it. What they don't keep (a token that was shown, the head of the repository) is left
 * out; it can only have let a command be refused, never have changed what was decided.
 */
import { EFFECT_KINDS } from '#protocol/events/effect.ts';
import { EVENT_TYPES, type EventType, type SkeinEvent } from '#protocol/event-types.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { PlanState } from '../../mission-reducer.ts';
import type { ForkInput } from '../fork/fork-decider.ts';

/** A command as it may be decided again. */
export interface RecordedCommand {
  readonly name: string;
  readonly input: unknown;
}

/** The state before the command, and what other missions have that it refers to. */
export interface CommandPlace {
  readonly task: (id: string) => TaskState | undefined;
  readonly lease: (id: string) => LeaseState | undefined;
  readonly plan: (id: string) => PlanState | undefined;
}

type Of<T extends EventType> = Extract<SkeinEvent, { readonly type: T }>;

/** The command whose events these are; undefined when that can't be told. */
export function recordedCommand(
  events: readonly SkeinEvent[],
  place: CommandPlace,
): RecordedCommand | undefined {
  for (const type of LEADING) {
    const leading = events.find((event) => event.type === type);
    if (leading !== undefined) return REBUILD[type]?.(leading as never, events, place);
  }
  const effect = events.find(({ type }) => isEffect(type));
  if (effect !== undefined) return effectCommand(effect, events);
  const [only] = events;
  if (only === undefined || events.length > 1 || EVENT_TYPES[only.type].order !== 'note')
    return undefined;
  const { type, subject, data } = only;
  if (type === 'record.pruned') {
    return { name: 'record.prune', input: { ...missionOf(only), data } };
  }
  return {
    name: 'note.record',
    input: { type, subject, ...missionOf(only), ...causeOf(only), data },
  };
}

const missionOf = ({ mission }: SkeinEvent): { mission?: string } =>
  mission === undefined ? {} : { mission };

const causeOf = ({ cause }: SkeinEvent): { cause?: string } =>
  cause === undefined ? {} : { cause };

const idOf = ({ subject }: SkeinEvent): string => subject.slice(subject.indexOf('/') + 1);

type Rebuild<T extends EventType> = (
  event: Of<T>,
  events: readonly SkeinEvent[],
  place: CommandPlace,
) => RecordedCommand | undefined;

type Leading = Exclude<
  Extract<EventType, `${'mission' | 'plan' | 'task' | 'lease'}.${string}`>,
  'mission.planned' | 'mission.replanned' | 'task.dropped' | 'lease.released' | 'lease.granted'
>;

/** Whatever else a command states, the first of these that it has tells which command it was. */
const LEADING: readonly Leading[] = [
  'mission.forked',
  'mission.submitted',
  'mission.approved',
  'mission.rejected',
  'mission.cancelled',
  'mission.interrupted',
  'mission.resumed',
  'mission.done',
  'mission.failed',
  'plan.proposed',
  'lease.expired',
  'lease.extended',
  'task.claimed',
  'task.released',
  'task.done',
  'task.failed',
  'task.created',
];

const ofMission =
  (name: string) =>
  (event: SkeinEvent): RecordedCommand => ({
    name,
    input: { mission: idOf(event), ...(event.data as object) },
  });

const ofTask =
  (name: string) =>
  (event: SkeinEvent): RecordedCommand => ({
    name,
    input: { task: idOf(event), ...(event.data as object) },
  });

const REBUILD: { readonly [T in Leading]: Rebuild<T> } = {
  'mission.forked': forkCommand,
  'mission.submitted': ofMission('mission.submit'),
  'mission.approved': ofMission('mission.approve'),
  'mission.rejected': ofMission('mission.reject'),
  'mission.cancelled': ofMission('mission.cancel'),
  'mission.interrupted': ofMission('mission.interrupt'),
  'mission.resumed': ofMission('mission.resume'),
  'mission.done': ofMission('mission.finish'),
  'mission.failed': ofMission('mission.fail'),
  'plan.proposed': (event) => {
    const name = event.data.supersedes === undefined ? 'plan.propose' : 'plan.change';
    return { name, input: { ...missionOf(event), ...causeOf(event), ...event.data } };
  },
  'lease.expired': (event, _events, place) => ({
    name: 'lease.expire',
    input: leaseOf(event, place),
  }),
  'lease.extended': (event, _events, place) => ({
    name: 'lease.extend',
    input: { ...leaseOf(event, place), ...event.data },
  }),
  'task.claimed': claimCommand,
  'task.released': ofTask('task.release'),
  'task.done': ofTask('task.finish'),
  'task.failed': ofTask('task.fail'),
  'task.created': (event) => {
    const { writeSet: _none, ...data } = event.data;
    return {
      name: 'task.add',
      input: { task: idOf(event), ...missionOf(event), ...causeOf(event), ...data },
    };
  },
};

/** The token is that of the lease: with another one nothing would have been recorded. */
function leaseOf(event: SkeinEvent, { lease }: CommandPlace): object {
  const id = idOf(event);
  return { lease: id, token: lease(id)?.token ?? 0 };
}

/** Paths beyond the write set were asked for besides. */
function claimCommand(
  event: Of<'task.claimed'>,
  events: readonly SkeinEvent[],
  { task }: CommandPlace,
): RecordedCommand | undefined {
  const granted = events.find((each) => each.type === 'lease.granted');
  if (granted === undefined) return undefined;
  const { paths, ttlMs } = granted.data;
  const id = idOf(event);
  const writeSet = new Set(task(id)?.writeSet);
  const more = paths.filter((path) => !writeSet.has(path));
  return { name: 'task.claim', input: { task: id, agent: event.data.agent, ttlMs, more } };
}

const isEffect = (type: string): boolean =>
  EFFECT_KINDS.some((kind) => type.startsWith(`${kind}.`));

const STEPS: Readonly<Record<string, string>> = {
  intended: 'effect.intend',
  done: 'effect.finish',
  failed: 'effect.fail',
};

function effectCommand(event: SkeinEvent, events: readonly SkeinEvent[]): RecordedCommand {
  const { type, subject, data: all } = event;
  const cut = type.lastIndexOf('.');
  const { effect, ...data } = all as { readonly effect: string };
  const input = {
    kind: type.slice(0, cut),
    effect,
    subject,
    ...missionOf(event),
    ...causeOf(event),
    data,
    ...expectationOf(events),
  };
  return { name: STEPS[type.slice(cut + 1)] ?? '', input };
}

/** What was expected is said with the intent, and judged with the outcome. */
function expectationOf(events: readonly SkeinEvent[]): object {
  for (const { type, data } of events) {
    if (type === 'agent.expected') return { expectation: data };
    if (type !== 'expectation.met' && type !== 'expectation.failed') continue;
    const { task, action, found } = data;
    const expects = type === 'expectation.failed' ? data.expects : '';
    const judged = { met: type === 'expectation.met', found };
    return { expectation: { task, action, expects }, judged };
  }
  return {};
}

/** The plan and its tasks are those of the original, which the fork names. */
function forkCommand(
  event: Of<'mission.forked'>,
  events: readonly SkeinEvent[],
  { plan: planOf }: CommandPlace,
): RecordedCommand {
  const { plan, approval, done, edits, layOut, ...data } = event.data;
  const created = events.filter((each) => each.type === 'task.created');
  const proofs = new Map(
    events.flatMap((each) => (each.type === 'task.done' ? [[idOf(each), each.data.checks]] : [])),
  );
  const tasks = planOf(plan?.inherits ?? '')?.tasks.map(({ id: task }, index) => {
    const own = `${idOf(event)}.${index + 1}`;
    const then = done.find((each) => each.task === own);
    const attempt = created.find((each) => idOf(each) === own)?.data.attempt ?? 0;
    const proof =
      then === undefined
        ? null
        : { event: then.event, gitTree: then.gitTree, checks: proofs.get(own) ?? [] };
    return { task, attempt, done: proof };
  });
  const laidOut = created.find((each) => idOf(each) === layOut);
  const input = {
    mission: idOf(event),
    ...data,
    plan: plan?.inherits ?? null,
    approval: approval === null ? null : { ...approval, hash: plan?.inheritedHash ?? '' },
    tasks: tasks ?? [],
    edits,
    paths: laidOut?.data.writeSet ?? [],
  } satisfies Omit<ForkInput, 'goal' | 'tasks'> & { readonly tasks: unknown };
  return { name: 'mission.fork', input };
}
