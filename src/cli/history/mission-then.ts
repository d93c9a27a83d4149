/** A mission as it stood at a moment of the past, for the commands that take `--at`. */
import type { Entity } from '#protocol/entity.ts';
import type { EntityKind } from '#protocol/event-type.ts';
import type { Rewound } from '#supervisor/history/rewind.ts';
import type { MissionState } from '#supervisor/mission-reducer.ts';
import type { CliOption } from '../command.ts';
import type { FoundMission } from '../mission-lookup.ts';
import { newCommandId } from '../new-id.ts';
import type { NodeClient } from '../node-client.ts';
import { firstLine, taskName } from '../terminal/wording.ts';

/** How a moment may be said, in a few words. */
export const MOMENT_HELP = 'an event id, a time, "task 3" (done), "approved", "start" or "end"';

/** The option by which a moment is named. */
export const AT_OPTION = {
  at: {
    type: 'string',
    value: '<moment>',
    help: `as it stood then: ${MOMENT_HELP}`,
  },
} as const satisfies Record<string, CliOption>;

/** An entity of the mission as it stood then. */
export interface EntityThen<B> {
  readonly id: string;
  readonly space: string;
  readonly body: B;
}

/** The mission then; `of` lists entities of a kind, `one` is a single one. */
export interface MissionThen extends Omit<Rewound, 'mission' | 'entities'> {
  readonly mission: FoundMission;
  readonly of: <B>(kind: EntityKind) => readonly EntityThen<B>[];
  readonly one: <B>(kind: EntityKind, id: string | null) => B | undefined;
}

/** The moment, and the kinds of entities that are needed (absent: all); the mission always comes. */
export interface ThenRequest {
  readonly at: string;
  readonly kinds?: readonly EntityKind[];
}

/** Asks the node. Throws `not-found`, `ambiguous-id` or `usage` for what names no moment. */
export async function fetchThen(
  client: NodeClient,
  { id, space }: FoundMission,
  { at, kinds }: ThenRequest,
): Promise<MissionThen> {
  const wanted = kinds === undefined ? {} : { kinds: ['mission', ...kinds] };
  const input = { mission: id, at, ...wanted };
  const call = { id: newCommandId(), name: 'mission.rewind', input, space };
  const { mission: _id, entities, ...then } = await client.post<Rewound>(call);
  const own = entities.find(({ kind }) => kind === 'mission') as Entity<MissionState>;
  return {
    ...then,
    mission: { id, space, version: own.version, body: own.body },
    of: <B>(kind: EntityKind) =>
      (entities as readonly Entity<B>[])
        .filter((entity) => entity.kind === kind)
        .map((entity) => ({ id: entity.id, space, body: entity.body })),
    one: <B>(kind: EntityKind, wantedId: string | null) =>
      entities.find((entity) => entity.kind === kind && entity.id === wantedId)?.body as
        | B
        | undefined,
  };
}

/** When that was, as one line. */
export function momentLine({ moment, events, pruned }: MissionThen): string {
  const { time, event } = moment;
  const gone =
    pruned === 0 ? '' : `; ${pruned} of them were pruned, what they said is missing here`;
  return `as it stood${time === null ? '' : ` at ${time}`}, right after ${eventText(moment)} (event ${event}, number ${events} of the mission${gone})`;
}

function eventText({ type, subject }: MissionThen['moment']): string {
  if (type === null || subject === null) return 'an event that was pruned';
  if (subject.startsWith('task/')) return `${type} of ${taskName(subject.slice('task/'.length))}`;
  const isOwn = subject.startsWith('mission/') || subject.startsWith('plan/');
  return isOwn ? type : `${type} of ${firstLine(subject.slice(subject.indexOf('/') + 1))}`;
}
