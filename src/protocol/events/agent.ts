/**
 * What agents expect, find, decide and say to each other. All are notes: they change no state, they
 * are why the state is as it is. `actor` of the envelope is who speaks; `cause` names the event
 * that this one answers to.
 */
import { noteEvent } from '../event-type.ts';
import { integer, list, nullable, oneOf, optional, text } from '../shape.ts';

/** Who wins: safety over swarm, swarm over mission. */
export const LAYERS = ['safety', 'swarm', 'mission'] as const;

/** A layer of decisions; an earlier one overrides a later one. */
export type Layer = (typeof LAYERS)[number];

/** What a message between peers is for. */
export const MESSAGE_KINDS = ['announce', 'warn', 'yield', 'ask', 'answer', 'dispatch'] as const;

/** The purpose of a message. */
export type MessageKind = (typeof MESSAGE_KINDS)[number];

/** Events of agents at work. Subjects: `task/<id>`, `file/<path>`, `agent/<name>`, `message/<id>`. */
export const agentEvents = {
  /** Said before an action; its outcome follows, then `expectation.met` or `.failed`. */
  'agent.expected': noteEvent({ task: text, action: text, expects: text }),
  'expectation.met': noteEvent({ task: text, action: text, found: text }),
  'expectation.failed': noteEvent({ task: text, action: text, expects: text, found: text }),
  /** An agent that did not take a task it was sent; `holder` has the right of way on `path`. */
  'agent.declined': noteEvent({
    task: text,
    why: text,
    holder: optional(text),
    path: optional(text),
  }),
  /** Work that nobody had planned for: a place that the change should reach, outside the plan. */
  'agent.discovered': noteEvent({
    task: optional(text),
    path: text,
    line: integer,
    preview: text,
  }),
  /** Why an expectation failed, and which strategy would meet it (null = none is known). */
  'agent.diagnosed': noteEvent({
    task: text,
    finding: text,
    strategy: nullable(text),
    paths: list(text),
  }),
  /** A higher layer decided otherwise than a lower one: `by` over `whom`, and why. */
  'decision.overridden': noteEvent({
    layer: oneOf(...LAYERS),
    by: text,
    over: oneOf(...LAYERS),
    whom: text,
    why: text,
  }),
} as const;

/** Messages between agents. The sender records before it leaves, the receiver before it is handled. */
export const messageEvents = {
  /** `to` is an agent or a topic; `about` the paths it concerns; `replyTo` the message it answers. */
  'message.sent': noteEvent({
    to: text,
    kind: oneOf(...MESSAGE_KINDS),
    text,
    about: optional(list(text)),
    task: optional(text),
    replyTo: optional(text),
    sentAt: text,
  }),
  'message.received': noteEvent({ message: text, receivedAt: text }),
  'message.handled': noteEvent({ message: text, processingMs: integer }),
} as const;
