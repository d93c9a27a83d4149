/** Whom a message reaches, as the node that sends it knows the space. */
import type { DecisionContext } from '#ledger/decider.ts';
import { isHomeById, parseAddress, type Address } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { agentIndex } from '../agent-index.ts';
import {
  deferred,
  inboxOf,
  loadOf,
  received,
  refusalOf,
  refused,
  type MessageHead,
  type Refusal,
} from './message-head.ts';

/** Who is chosen of a group: of `prefer` the first that may be, else the least busy of some. */
export interface Choice {
  readonly prefer?: readonly string[];
  /** Those who have refused it. */
  readonly not?: readonly string[];
}

/** How many of a group are compared: the best of a few is nearly as good as the best of all. */
const COMPARED = 8;

/** Whether this node is the home of the agent. */
export const isHere = (context: DecisionContext, id: string): boolean =>
  isHomeById('agent', id, context.node) === true;

/** The agent's id from an address; throws `not-found` or `ambiguous-id`. */
export function findAgent(
  context: DecisionContext,
  { name, node }: Extract<Address, { type: 'agent' }>,
): string {
  const index = context.view(agentIndex);
  const candidates = index.byName.get(name) ?? [];
  const found = candidates.filter((id) => node === undefined || id === `${name}@${node}`);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only === undefined) {
    const asked = node === undefined ? name : `${name}@${node}`;
    throw new SkeinError('not-found', `Cannot send to ${asked}: this space has no such agent`, {
      fix: 'See skein agents.',
      details: { candidates },
    });
  }
  throw new SkeinError(
    'ambiguous-id',
    `Cannot send to ${name}: ${found.length} agents are so named`,
    {
      fix: `Name its node too: ${found.slice(0, 5).join(', ')}`,
      details: { candidates: found },
    },
  );
}

/** The agent of a group who gets it; undefined when nobody has room. Throws when nobody is in it. */
export function chooseOf(
  context: DecisionContext,
  head: MessageHead,
  skill: string,
  { prefer = [], not = [] }: Choice,
): string | undefined {
  const index = context.view(agentIndex);
  const group = index.bySkill.get(skill) ?? [];
  if (group.length === 0) {
    throw new SkeinError(
      'not-found',
      `Cannot send to skill ${skill}: no agent of this space has it`,
      {
        fix: 'See skein agents.',
      },
    );
  }
  const mayHave = (id: string): boolean =>
    !not.includes(id) && refusalOf(context, head, id) === undefined;
  const first = prefer.find(
    (id) => index.cards.get(id)?.skills.includes(skill) === true && mayHave(id),
  );
  if (first !== undefined) return first;
  // Where to begin looking changes with each command, so that equally busy ones take turns.
  const start = Number.parseInt(context.command.slice(-8), 16) % group.length;
  const found: string[] = [];
  for (let step = 0; step < group.length && found.length < COMPARED; step += 1) {
    const id = group[(start + step) % group.length] as string;
    if (mayHave(id)) found.push(id);
  }
  const load = (id: string): number => loadOf(inboxOf(context, id));
  return found.toSorted((a, b) => load(a) - load(b))[0];
}

/** The same after some have refused: that nobody is left is no error. */
export function chooseAgain(
  context: DecisionContext,
  head: MessageHead,
  skill: string,
  not: readonly string[],
): string | undefined {
  const group = context.view(agentIndex).bySkill.get(skill) ?? [];
  return group.length === 0 ? undefined : chooseOf(context, head, skill, { not });
}

/** No agent of the group is left: the sender is told. */
export const groupRefused = (head: MessageHead, skill: string, cause?: string): NewSkeinEvent =>
  refused(
    head,
    `skill:${skill}`,
    { error: 'inbox-full', detail: 'no agent that has it took it' },
    cause,
  );

/** The events that say who of a group has it. */
export function assigned(
  context: DecisionContext,
  head: MessageHead,
  to: string,
  { attempt, cause }: { readonly attempt: number; readonly cause?: string },
): NewSkeinEvent[] {
  const { message } = head;
  const news: NewSkeinEvent = {
    type: 'message.assigned',
    subject: `message/${message}`,
    ...(cause === undefined ? {} : { cause }),
    data: { message, to: `agent:${to}`, attempt },
  };
  return isHere(context, to) ? [news, received(context, head, to)] : [news];
}

/** What a refusal comes to; it may throw. */
export type WhenRefused = (id: string, refusal: Refusal) => NewSkeinEvent;

/** What happens to a message at those of these agents that are of this node. */
export const atHome = (
  context: DecisionContext,
  head: MessageHead,
  ids: readonly string[],
  whenRefused: WhenRefused,
): NewSkeinEvent[] =>
  ids.filter((id) => isHere(context, id)).map((id) => arrive(context, head, id, { whenRefused }));

/** The message at one inbox of this node; `cause` is what brought it, other than itself. */
export function arrive(
  context: DecisionContext,
  head: MessageHead,
  id: string,
  { whenRefused, cause }: { readonly whenRefused: WhenRefused; readonly cause?: string },
): NewSkeinEvent {
  const refusal = refusalOf(context, head, id);
  return refusal === undefined ? received(context, head, id, cause) : whenRefused(id, refusal);
}

/** The agents of this node that an address on the record means; groups have none of themselves. */
export function meantHere(context: DecisionContext, to: string): readonly string[] {
  const address = parseAddress(to);
  if (address.type === 'topic') return listeners(context, address.name);
  if (address.type !== 'agent' || address.node === undefined) return [];
  return [`${address.name}@${address.node}`].filter((id) => isHere(context, id));
}

/** All agents that listen to a topic, of any node. */
export const listeners = (context: DecisionContext, topic: string): readonly string[] =>
  context.view(agentIndex).byTopic.get(topic) ?? [];

/** For when there is nobody left to hear an error: what has no room waits on the record. */
export const deferOrRefuse =
  (context: DecisionContext, head: MessageHead) =>
  (id: string, refusal: Refusal): NewSkeinEvent =>
    refusal.error === 'inbox-full' ? deferred(context, head, id) : refused(head, id, refusal);

/** A refusal as an error: the sender is here. */
export function refuseSend(id: string, { error, detail }: Refusal): never {
  throw new SkeinError(error, `Cannot send to ${id}: ${detail}`, {
    ...(error === 'inbox-full' ? { fix: 'Send it later, or with a higher priority.' } : {}),
    details: { inbox: id },
  });
}
