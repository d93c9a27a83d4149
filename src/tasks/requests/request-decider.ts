/**
 * Decides what one node asks of another. What was asked for, and what became of it, are one commit of
 * the home: however often a request arrives and whenever somebody dies, it has exactly one answer.
 */
import { defineDecider, type DeciderTable, type DecisionContext } from '#ledger/decider.ts';
import { uuidPlus } from '#lib/uuidv7.ts';
import { isHomeById, parseAddress, shortNode } from '#protocol/address.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { assertData, entityOf, type NewSkeinEvent } from '#protocol/event-types.ts';
import { digest, fields, list, optional, text } from '#protocol/shape.ts';
import { assertMayAsk, REQUESTABLES, type Requestables } from './requestable.ts';

/** The longest input of a request, in bytes of JSON. */
export const MAX_REQUEST_BYTES = 128 * 1024;

const MAX_NAME = 64;
const MAX_DETAIL = 2_000;

/** What a decision about requests needs to know of the space. */
interface Membership {
  readonly members: Readonly<Record<string, unknown>>;
}

/** Commands: `request.make` at who asks, `request.decide` and `request.answer` at the home. */
export function makeRequestDeciders(requestables: Requestables): DeciderTable {
  return {
    'request.make': defineDecider(
      fields({ to: digest, command: text, input: text, mission: optional(text) }),
      ({ to, command, input, mission }, context) => {
        assertAskable({ to, command, input }, context);
        const about = mission === undefined ? {} : { mission };
        const subject = `request/${context.command}`;
        return [{ type: 'request.made', subject, ...about, data: { to, command, input } }];
      },
    ),
    'request.decide': defineDecider(
      fields({ request: text, command: text, input: text, mission: optional(text) }),
      (asked, context) => {
        assertFar(context);
        try {
          const events = decide(requestables, asked, context);
          // Not told of the mission: its own history has exactly what the command decided.
          const { request } = asked;
          return [...events, accepted({ request }, idsFrom(context.command, events.length))];
        } catch (thrown) {
          return [rejected(asked, toSkeinError(thrown))];
        }
      },
    ),
    // For what is more than a decision: the node has done it, or has looked and refuses.
    'request.answer': defineDecider(
      fields({
        request: text,
        mission: optional(text),
        events: optional(list(text)),
        error: optional(text),
        detail: optional(text),
      }),
      ({ error, detail = '', events = [], ...asked }, { authority }) => {
        if (authority !== 'system' && authority !== 'supervisor') {
          throw new SkeinError('unauthorized', 'Cannot answer a request: only the node itself may');
        }
        if (error === undefined) return [accepted(asked, events)];
        return [rejected(asked, { name: error, message: detail })];
      },
    ),
  };
}

/** With what other nodes may ask for. */
export const requestDeciders: DeciderTable = makeRequestDeciders(REQUESTABLES);

interface Asked {
  readonly request: string;
  readonly mission?: string;
}

function assertAskable(
  asked: { readonly to: string; readonly command: string; readonly input: string },
  context: DecisionContext,
): void {
  const { to, command, input } = asked;
  const refuse = (name: 'usage' | 'not-member' | 'payload-too-large', why: string): never => {
    throw new SkeinError(name, `Cannot ask for ${command.slice(0, MAX_NAME)}: ${why}`);
  };
  if (to === context.node) refuse('usage', 'it is for this node itself');
  const space = context.entity<Membership>('space', context.space)?.body;
  if (space !== undefined && !Object.hasOwn(space.members, to)) {
    refuse('not-member', `${shortNode(to)} is no member of the space`);
  }
  const bytes = Buffer.byteLength(input);
  if (bytes > MAX_REQUEST_BYTES || command.length > MAX_NAME) {
    refuse('payload-too-large', `it takes ${bytes} bytes, the limit is ${MAX_REQUEST_BYTES}`);
  }
}

/** Only the node says so, of agents of other nodes: who comes in by a door has no node in its name. */
function assertFar({ actor, authority, node }: DecisionContext): void {
  const address = actor.startsWith('agent:') ? parseAddress(actor) : undefined;
  const far = address?.type === 'agent' ? address.node : undefined;
  if (authority === 'peer' && far !== undefined && far !== shortNode(node)) return;
  throw new SkeinError('unauthorized', `Cannot decide a request of ${actor}: it is not far away`);
}

function decide(
  requestables: Requestables,
  { command, input: json }: { readonly command: string; readonly input: string },
  context: DecisionContext,
): readonly NewSkeinEvent[] {
  const input = readInput(json);
  const found = Object.hasOwn(requestables, command) ? requestables[command] : undefined;
  assertMayAsk(found, { command, input }, context);
  const events = found.decide(input, context);
  for (const event of events) {
    assertData(event);
    assertOurs(event, context);
  }
  return events;
}

function readInput(json: string): unknown {
  if (Buffer.byteLength(json) > MAX_REQUEST_BYTES) {
    throw new SkeinError('payload-too-large', 'Cannot decide a request: it is too long');
  }
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new SkeinError('usage', 'Cannot decide a request: its input is no JSON', { cause });
  }
}

/** Asked of the wrong node. The ledger would refuse it as well, but leave no answer on the record. */
function assertOurs(event: NewSkeinEvent, context: DecisionContext): void {
  const reference = entityOf(event);
  if (reference === null) return;
  const { kind, id } = reference;
  const home = context.entity(kind, id)?.home ?? context.node;
  if (home === context.node && isHomeById(kind, id, context.node) !== false) return;
  throw new SkeinError('not-home', `Cannot change ${kind} ${id}: another node decides about it`);
}

const idsFrom = (first: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => uuidPlus(first, index));

const about = ({ request, mission }: Asked) => ({
  subject: `request/${request}`,
  cause: request,
  ...(mission === undefined ? {} : { mission }),
});

const accepted = (asked: Asked, events: readonly string[]): NewSkeinEvent => ({
  type: 'request.accepted',
  ...about(asked),
  data: { request: asked.request, events },
});

const rejected = (
  asked: Asked,
  { name, message }: { readonly name: string; readonly message: string },
): NewSkeinEvent => ({
  type: 'request.rejected',
  ...about(asked),
  data: { request: asked.request, error: name, detail: message.slice(0, MAX_DETAIL) },
});
