/**
 * Nodes and their agents, who of them is there, and what one node asks another to decide. The id of a
 * node is its key; that of an agent, and of its inbox, ends with the node's: nobody else is its home.
 */
import { homeEvent, noteEvent } from '../event-type.ts';
import { digest, flag, list, oneOf, optional, text } from '../shape.ts';

/** How present a node or an agent is. `late` and `lost` are what others see; `draining` it says itself. */
export const PRESENCES = ['alive', 'late', 'lost', 'draining'] as const;

/** A presence. */
export type Presence = (typeof PRESENCES)[number];

/** Subjects: `node/<key>`, `agent/<name>@<key>` with the first 16 digits of the key. */
export const nodeEvents = {
  /** The card of a node; signed as all it writes. `addresses` are URLs where it listens. */
  'node.announced': homeEvent('node', {
    name: text,
    version: text,
    addresses: list(text),
    draining: flag,
  }),
  /** The card of an agent: whoever needs a skill finds it by it. */
  'agent.registered': homeEvent('agent', {
    role: text,
    skills: list(text),
    topics: list(text),
    version: optional(text),
  }),
  'agent.retired': homeEvent('agent', { reason: text }),
  /** What this author sees of a node or an agent; others may see it otherwise. */
  'presence.changed': noteEvent({
    from: oneOf(...PRESENCES),
    to: oneOf(...PRESENCES),
    lastSeenAt: optional(text),
  }),
} as const;

/** Subjects are `request/<id>`, where the id is that of `request.made`, the cause of its answer. */
export const requestEvents = {
  /** A command for the node `to`, which is the home of what it would change. `input` is JSON. */
  'request.made': noteEvent({ to: digest, command: text, input: text }),
  /** `events` is what the command came to. */
  'request.accepted': noteEvent({ request: text, events: list(text) }),
  'request.rejected': noteEvent({ request: text, error: text, detail: text }),
} as const;
