/**
 * What a mission was at the moment it is forked at: the plan that counted and its answer, how far
 * its tasks were, what the done ones had written and found out. Reads the record, nothing else.
 */
import type { Ledger } from '#ledger/ledger.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import { eachEvent } from '#ledger/history/mission-events.ts';
import { resolveCommandEnd } from '#ledger/history/whole-command.ts';
import type { Entity } from '#protocol/entity.ts';
import { SkeinError } from '#protocol/errors.ts';
import { decodeEvent, type EventData, type SkeinEvent } from '#protocol/event-types.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { MissionState, PlanState } from '../../mission-reducer.ts';
import { rewindMission, type Rewound } from '../rewind.ts';
import { readSteps, type ForkEdit, type ForkStep } from './fork-edits.ts';

/** Which mission, and when: `at` as people say it, see `resolveMoment`. */
export interface ForkPointRequest {
  readonly ledger: Pick<Ledger, 'read' | 'blobs'>;
  readonly reducers: ReducerSet;
  readonly mission: string;
  readonly at: string;
}

/** A task of the plan that counted. `done` is what proved it by then. */
export interface TaskThen {
  readonly task: string;
  readonly attempt: number;
  readonly done: {
    readonly event: string;
    readonly gitTree: string;
    readonly checks: EventData<'task.done'>['checks'];
  } | null;
}

/** A mission at a moment, as a fork needs it. Tasks and effects have their ids of then. */
export interface ForkPoint {
  readonly mission: string;
  /** The event that it comes right after. */
  readonly at: string;
  readonly state: MissionState;
  readonly plan: string | null;
  readonly approval: {
    readonly event: string;
    readonly hash: string;
    readonly from: string;
  } | null;
  readonly tasks: readonly TaskThen[];
  readonly steps: readonly ForkStep[];
  /** What checks said of the base: by the key that the original looks them up under. */
  readonly answers: readonly { readonly effect: string; readonly from: string }[];
}

/** Reads the point. Throws what `rewindMission` throws, and `blob-missing` when events were pruned. */
export function readForkPoint(request: ForkPointRequest): ForkPoint {
  const { ledger, mission } = request;
  const rewound = rewindMission({
    ...request,
    at: resolveCommandEnd(ledger.read, mission, request.at).event,
  });
  if (rewound.pruned > 0) throw pruned(rewound);
  const { moment } = rewound;
  const entities: Entities = new Map(
    rewound.entities.map((entity) => [`${entity.kind}/${entity.id}`, entity]),
  );
  const state = bodyOf<MissionState>(entities, `mission/${mission}`) as MissionState;
  const told = readAnswers(request, moment.position);
  const planned = bodyOf<PlanState>(entities, `plan/${state.plan}`)?.tasks ?? [];
  const tasks = planned.map(({ id }): TaskThen => {
    const { status, attempt = 0 } = bodyOf<TaskState>(entities, `task/${id}`) ?? {};
    return { task: id, attempt, done: status === 'done' ? (told.done.get(id) ?? null) : null };
  });
  const done = tasks.flatMap(({ task, done: proof }) => (proof === null ? [] : [task]));
  const place = { ledger, entities, mission, forked: state.forked };
  return {
    mission,
    at: moment.event,
    state,
    plan: state.plan,
    approval: told.approval,
    tasks,
    steps: stepsOf(place, done),
    answers: answersOf(
      place,
      planned.filter(({ id }) => done.includes(id)),
    ),
  };
}

/** By `<kind>/<id>`. */
type Entities = ReadonlyMap<string, Entity>;

interface ThenPlace extends Pick<ForkPointRequest, 'ledger' | 'mission'> {
  readonly entities: Entities;
  readonly forked: MissionState['forked'];
}

const pruned = ({ mission, pruned: gone, events }: Rewound): SkeinError =>
  new SkeinError(
    'blob-missing',
    `Cannot fork mission ${mission}: ${gone} of its ${events} events until then were pruned`,
    { fix: 'What it had decided and written can no longer be told. State the goal again.' },
  );

const bodyOf = <B>(entities: Entities, key: string): B | undefined =>
  entities.get(key)?.body as B | undefined;

interface Told {
  approval: ForkPoint['approval'];
  readonly done: Map<string, NonNullable<TaskThen['done']>>;
}

const TELLING: readonly string[] = [
  'mission.forked',
  'mission.planned',
  'mission.approved',
  'mission.replanned',
  'mission.rejected',
  'task.done',
] satisfies readonly SkeinEvent['type'][];

/** Which answer counts, and what proved the tasks: that is in the events, not in the entities. */
function readAnswers({ ledger, mission }: ForkPointRequest, upTo: number): Told {
  const told: Told = { approval: null, done: new Map() };
  for (const { type, body } of eachEvent(ledger.read, { mission, upTo })) {
    if (body === null || type === null || !TELLING.includes(type)) continue;
    const decoded = decodeEvent(body);
    if (decoded.known) hear(told, decoded.event);
  }
  return told;
}

function hear(told: Told, event: SkeinEvent): void {
  switch (event.type) {
    case 'mission.forked': {
      const { approval, plan } = event.data;
      if (approval !== null) told.approval = { ...approval, hash: plan?.hash ?? '' };
      return;
    }
    case 'mission.approved':
      told.approval = { event: event.id, ...event.data };
      return;
    case 'mission.replanned':
      // Within what was approved: the answer to the plan before it counts for this one too.
      if (told.approval !== null) told.approval = { ...told.approval, hash: event.data.hash };
      return;
    case 'mission.planned':
    case 'mission.rejected':
      told.approval = null;
      return;
    case 'task.done': {
      const { gitTree, checks } = event.data;
      told.done.set(event.subject.slice('task/'.length), { event: event.id, gitTree, checks });
    }
  }
}

interface DoneEdit {
  readonly task: string;
  readonly event: string;
  readonly edit: ForkEdit;
}

/** What done tasks wrote, by the lease under which they did; what others did beside them is left out. */
function stepsOf(
  { ledger, entities, forked }: ThenPlace,
  done: readonly string[],
): readonly ForkStep[] {
  const inherited = readSteps(ledger.blobs, forked?.edits ?? null).flatMap(({ task, edits }) =>
    edits.map((edit): DoneEdit => ({ task, event: '', edit })),
  );
  const own = editsOf(ledger.read, entities).filter(({ task }) => task !== forked?.layOut);
  const all = [...inherited, ...own];
  const present = new Map<string, string>();
  for (const { edit } of all.toReversed()) present.set(edit.path, edit.baseHash);
  const byTask = Map.groupBy(all, ({ task }) => task);
  return done.map((task) => ({
    task,
    edits: (byTask.get(task) ?? []).map(({ edit }) => {
      const baseHash = present.get(edit.path) ?? edit.baseHash;
      present.set(edit.path, edit.afterHash);
      return { ...edit, baseHash };
    }),
  }));
}

/** All edits that were done, in the order in which they were announced. */
function editsOf(read: Ledger['read'], entities: Entities): DoneEdit[] {
  const edits = doneEffects(entities)
    .map(({ body }) => body as EffectState)
    .filter(({ kind }) => kind === 'edit')
    .map(({ intent, intentEvent: event }): DoneEdit => {
      const { lease, path, baseHash, afterHash, after, changes } = intent as unknown as EditIntent;
      const task = bodyOf<LeaseState>(entities, `lease/${lease}`)?.task ?? '';
      return { task, event, edit: { path, baseHash, afterHash, after, changes } };
    });
  const placed = edits.map((edit) => ({ edit, at: read.position(edit.event) ?? 0 }));
  return placed.sort((a, b) => a.at - b.at).map(({ edit }) => edit);
}

const doneEffects = (entities: Entities): Entity[] =>
  [...entities.values()].filter(
    ({ kind, body }) => kind === 'effect' && (body as EffectState).status === 'done',
  );

type EditIntent = EventData<'edit.intended'>;

/** What the checks said of the base, when they had all run: a task that is done again looks itself. */
function answersOf(
  { entities, mission, forked }: ThenPlace,
  done: PlanState['tasks'],
): ForkPoint['answers'] {
  if (!done.some(({ kind }) => kind === 'base-checks')) return [];
  const own = doneEffects(entities)
    .filter(({ id }) => id.startsWith(`${mission}/check/base/`))
    .map(({ id }) => ({ effect: id, from: id }));
  return [...(forked?.answers ?? []), ...own];
}
