/** Decides which agents a node has: the card and the inbox of each are one commit. */
import { defineDecider, type DeciderTable, type DecisionContext } from '#ledger/decider.ts';
import { agentId, speakerId } from '#protocol/address.ts';
import type { Entity } from '#protocol/entity.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { fields, integer, list, optional, text } from '#protocol/shape.ts';
import { assertToken } from '#protocol/subjects.ts';
import type { AgentCard } from '#registry/registry-reducer.ts';
import { agentIndex } from '../agent-index.ts';
import type { InboxState } from '../inbox-reducer.ts';
import { givenBack } from './give-back.ts';
import { inboxOf } from './message-head.ts';

/** How an inbox is when nobody says otherwise: a minute to answer, five times. */
export const INBOX_DEFAULTS = { limit: 1_000, handleMs: 60_000, tries: 5 } as const;

type Settings = Pick<InboxState, 'limit' | 'handleMs' | 'tries'>;

/** The least and the most that may be asked for. */
const BOUNDS: Readonly<Record<keyof Settings, readonly [number, number]>> = {
  limit: [4, 10_000],
  handleMs: [100, 7 * 86_400_000],
  tries: [1, 100],
};

const MAX_LISTED = 64;
const MAX_TEXT = 200;

/** Commands: `agent.register` (also to change a card), `agent.retire`. */
export const agentDeciders: DeciderTable = {
  'agent.register': defineDecider(
    fields({
      name: text,
      role: optional(text),
      skills: optional(list(text)),
      topics: optional(list(text)),
      version: optional(text),
      limit: optional(integer),
      handleMs: optional(integer),
      tries: optional(integer),
    }),
    ({ name, ...input }, context) => {
      const id = agentId(name, context.node);
      assertMay(context, id);
      // What is not said stays as it is: who starts an agent again need not know its skills.
      const known = context.entity<AgentCard>('agent', id)?.body;
      const { role = known?.role ?? 'agent', version = known?.version ?? undefined } = input;
      const skills = tokens(input.skills ?? known?.skills ?? [], 'skill');
      const topics = tokens(input.topics ?? known?.topics ?? [], 'topic');
      if (Math.max(role.length, version?.length ?? 0) > MAX_TEXT) {
        throw new SkeinError('usage', `Cannot register ${name}: its role or version is too long`);
      }
      const card = { role, skills, topics, ...(version === undefined ? {} : { version }) };
      return [...cardNews(context, id, card), ...inboxNews(context, id, input)];
    },
  ),
  'agent.retire': defineDecider(
    fields({ name: text, reason: text }),
    ({ name, reason }, context) => {
      const id = agentId(name, context.node);
      assertMay(context, id);
      const card = context.view(agentIndex).cards.get(id);
      if (card === undefined) {
        throw new SkeinError('not-found', `Cannot retire ${id}: it is not registered`);
      }
      const inbox = inboxOf(context, id);
      const news: NewSkeinEvent[] = [
        { type: 'agent.retired', subject: `agent/${id}`, data: { reason } },
      ];
      if (inbox === undefined) return news;
      return [
        ...news,
        { type: 'inbox.closed', subject: `inbox/${id}`, data: { inbox: id, reason } },
        ...givenBack(context, id, inbox, reason),
      ];
    },
  ),
};

type Card = Pick<AgentCard, 'role' | 'skills' | 'topics'> & { readonly version?: string };

/** Saying the same again leaves no trace: agents register whenever they start. */
function cardNews(context: DecisionContext, id: string, card: Card): NewSkeinEvent[] {
  const known = (context.entity('agent', id) as Entity<AgentCard> | undefined)?.body;
  const told = (each: Omit<Card, 'version'> & { readonly version?: string | null }): string =>
    JSON.stringify([each.role, each.skills, each.topics, each.version ?? null]);
  if (known?.status === 'registered' && told(known) === told(card)) return [];
  return [{ type: 'agent.registered', subject: `agent/${id}`, data: card }];
}

function inboxNews(
  context: DecisionContext,
  id: string,
  input: Partial<Settings>,
): NewSkeinEvent[] {
  const known = inboxOf(context, id);
  const before: Settings = known ?? INBOX_DEFAULTS;
  const settings: Settings = {
    limit: input.limit ?? before.limit,
    handleMs: input.handleMs ?? before.handleMs,
    tries: input.tries ?? before.tries,
  };
  for (const key of ['limit', 'handleMs', 'tries'] as const) {
    const [least, most] = BOUNDS[key];
    if (settings[key] < least || settings[key] > most) {
      throw new SkeinError(
        'usage',
        `Cannot open an inbox with ${key} ${settings[key]}: ${least} to ${most}`,
      );
    }
  }
  const isSame = (['limit', 'handleMs', 'tries'] as const).every(
    (key) => known?.[key] === settings[key],
  );
  if (known?.status === 'open' && isSame) return [];
  return [{ type: 'inbox.opened', subject: `inbox/${id}`, data: { inbox: id, ...settings } }];
}

function tokens(given: readonly string[], what: string): readonly string[] {
  if (given.length > MAX_LISTED) {
    throw new SkeinError('usage', `Cannot register more than ${MAX_LISTED} of ${what}`);
  }
  for (const each of given) assertToken(each, what);
  return [...new Set(given)].toSorted();
}

/** An agent speaks for itself only. */
function assertMay({ authority, actor, node }: DecisionContext, id: string): void {
  if (authority !== 'peer' || speakerId(actor, node) === id) return;
  throw new SkeinError(
    'unauthorized',
    `Cannot register or retire ${id}: ${actor} is another agent`,
  );
}
