/** The registry of event types: all that this version of Skein can fold, and how it reads them. */
import { SkeinError } from '#protocol/errors.ts';
import type { EntityKind, EventTypeDefinition } from './event-type.ts';
import { parseEnvelope, type EventEnvelope, type NewEvent } from './event.ts';
import { agentEvents } from './events/agent.ts';
import { effectEvents } from './events/effect.ts';
import { inboxEvents, messageEvents } from './events/message.ts';
import { missionEvents, planEvents } from './events/mission.ts';
import { nodeEvents, requestEvents } from './events/node.ts';
import { sandboxEvents } from './events/sandbox.ts';
import { recordEvents, spaceEvents } from './events/space.ts';
import { leaseEvents, noteEvents, taskEvents } from './events/task.ts';
import type { Of } from './shape.ts';

/** Every event type by name. */
export const EVENT_TYPES = {
  ...spaceEvents,
  ...recordEvents,
  ...missionEvents,
  ...planEvents,
  ...taskEvents,
  ...leaseEvents,
  ...effectEvents,
  ...noteEvents,
  ...agentEvents,
  ...messageEvents,
  ...inboxEvents,
  ...nodeEvents,
  ...requestEvents,
  ...sandboxEvents,
} as const;

/** The name of a known event type. */
export type EventType = keyof typeof EVENT_TYPES;

/** The data of one event type. */
export type EventData<T extends EventType> = Of<(typeof EVENT_TYPES)[T]['data']>;

/** A known event, discriminated by `type`. */
export type SkeinEvent = { [T in EventType]: EventEnvelope<T, EventData<T>> }[EventType];

/** What a decider may state, discriminated by `type`. */
export type NewSkeinEvent = { [T in EventType]: NewEvent<T, EventData<T>> }[EventType];

/** The events that change entities of one kind: what its reducer must handle. */
export type EventOf<K extends EntityKind> = {
  [T in EventType]: (typeof EVENT_TYPES)[T]['entity'] extends K
    ? EventEnvelope<T, EventData<T>>
    : never;
}[EventType];

/** A stored event: known, or of a type or version that only a newer Skein understands. */
export type DecodedEvent =
  | { readonly known: true; readonly event: SkeinEvent }
  | { readonly known: false; readonly event: EventEnvelope };

/** Whether `type` is in the registry. */
export const isEventType = (type: string): type is EventType => Object.hasOwn(EVENT_TYPES, type);

/** Reads stored bytes. Unknown types and newer versions are answered as such, never refused. */
export function decodeEvent(bytes: Uint8Array | string): DecodedEvent {
  const event = parseEnvelope(bytes);
  if (!isEventType(event.type)) return { known: false, event };
  const definition: EventTypeDefinition = EVENT_TYPES[event.type];
  if ((event.v ?? 1) > definition.v) return { known: false, event };
  assertData(event);
  return { known: true, event: event as SkeinEvent };
}

/** Throws `event-invalid` when a known event's data has not the shape its type declares. */
export function assertData(event: { readonly type: string; readonly data: unknown }): void {
  if (!isEventType(event.type)) {
    throw new SkeinError('event-invalid', `Cannot record ${event.type}: the type is unknown`);
  }
  const definition: EventTypeDefinition = EVENT_TYPES[event.type];
  const problem = definition.data.problem(event.data, 'data');
  if (problem !== undefined) {
    throw new SkeinError('event-invalid', `Cannot read ${event.type}: ${problem}`);
  }
}

/** What of an event says which entity it changes. */
type Reference = Pick<EventEnvelope, 'type' | 'subject' | 'data'>;

/**
 * The entity an event changes, or null for notes and unknown types. Messages between agents of one
 * node go through no inbox: these events are notes.
 */
export function entityOf(event: Reference): { kind: EntityKind; id: string } | null {
  if (!isEventType(event.type)) return null;
  const kind: EntityKind | null = EVENT_TYPES[event.type].entity;
  if (kind === null) return null;
  if (kind === 'effect') return { kind, id: (event.data as { effect: string }).effect };
  if (kind === 'inbox') {
    const { inbox } = event.data as { inbox?: string };
    return inbox === undefined ? null : { kind, id: inbox };
  }
  return { kind, id: event.subject.slice(event.subject.indexOf('/') + 1) };
}
