/**
 * What agents expect, find and decide. All are notes: they change no state, they
 * are why the state is as it is. `actor` of the envelope is who speaks; `cause` names the event
 * that this one answers to.
 */
import { noteEvent } from '../event-type.ts';
import { integer, list, nullable, oneOf, optional, text } from '../shape.ts';

/** Who wins: safety over swarm, swarm over mission. */
export const LAYERS = ['safety', 'swarm', 'mission'] as const;

/** A layer of decisions; an earlier one overrides a later one. */
export type Layer = (typeof LAYERS)[number];

/** Events of agents at work. Subjects: `task/<id>`, `file/<path>`, `agent/<name>`. */
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
