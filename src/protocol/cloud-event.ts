/**
 * CloudEvents 1.0 (JSON format) for an event, without loss: what CloudEvents has no attribute
 * for travels as extension attributes (lower-case letters and digits only, by that standard).
 */
import type { EventEnvelope } from './event.ts';

/** A CloudEvents 1.0 structured-mode object. */
export type CloudEvent = Readonly<Record<string, unknown>>;

const TYPE_PREFIX = 'dev.skein.';

/** `event` as a CloudEvent whose `source` is the space it is recorded in. */
export function toCloudEvent(event: EventEnvelope, space: string): CloudEvent {
  const optional = Object.entries({
    mission: event.mission,
    parentspanid: event.parentSpanId,
    cause: event.cause,
    version: event.v,
  }).filter(([, value]) => value !== undefined);
  return {
    specversion: '1.0',
    id: event.id,
    source: `skein://${space}`,
    type: TYPE_PREFIX + event.type,
    subject: event.subject,
    time: event.time,
    datacontenttype: 'application/json',
    actor: event.actor,
    authority: event.authority,
    traceid: event.traceId,
    spanid: event.spanId,
    ...Object.fromEntries(optional),
    data: event.data,
  };
}

/** The event that `toCloudEvent` was given. */
export function fromCloudEvent(cloud: CloudEvent): EventEnvelope {
  const take = (key: string, attribute: string): Record<string, unknown> =>
    cloud[attribute] === undefined ? {} : { [key]: cloud[attribute] };
  return {
    ...take('id', 'id'),
    type: String(cloud['type']).slice(TYPE_PREFIX.length),
    ...take('v', 'version'),
    ...take('subject', 'subject'),
    ...take('mission', 'mission'),
    ...take('time', 'time'),
    ...take('actor', 'actor'),
    ...take('authority', 'authority'),
    ...take('traceId', 'traceid'),
    ...take('spanId', 'spanid'),
    ...take('parentSpanId', 'parentspanid'),
    ...take('cause', 'cause'),
    data: cloud['data'],
  } as EventEnvelope;
}
