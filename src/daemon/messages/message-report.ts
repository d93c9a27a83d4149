/** How a message stands with those it is for, read from the record; and the wait for its answer. */
import type { MessageReport, Standing } from '#api/bus-door.ts';
import { findEvent, readStored, senderOf } from '#bus/inbox/letters.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { isHomeById } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import { lengthen } from './long-text.ts';

type Answer = MessageReport['answer'];

/** A message as far as it was read. */
interface Progress {
  readonly id: string;
  readonly from: string;
  /** The key of the node that sent it. */
  readonly author: string;
  readonly to: string;
  readonly standings: Map<string, Standing>;
  answer: Answer;
}

/**
 * Reads on until there is an answer, nobody is left who could give one, or `signal` aborts; without
 * `follow` up to now. Throws `not-found`.
 */
export async function reportMessage(
  ledger: Ledger,
  id: string,
  { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
): Promise<MessageReport> {
  const sent = findEvent(ledger.read, 'message.sent', id);
  if (sent === undefined) {
    throw new SkeinError('not-found', `Cannot find message ${id}: it is not on this record`);
  }
  const { to, text, body, sentAt } = sent.event.data;
  const from = senderOf(sent);
  const { author } = sent;
  const progress: Progress = { id, from, author, to, standings: new Map(), answer: null };
  const whole = lengthen(ledger, { text, ...(body === undefined ? {} : { body }) });
  const report = (): MessageReport => ({
    id,
    space: ledger.space,
    from,
    to,
    text: whole.text,
    sentAt,
    standings: [...progress.standings.values()],
    answer: progress.answer,
  });
  const after = (ledger.read.position(id) ?? 1) - 1;
  for await (const page of ledger.subscribe({ after, follow, signal })) {
    for (const stored of page) {
      if (stored.type?.startsWith('message.') !== true) continue;
      const event = readStored(stored);
      if (event !== undefined) note(ledger, progress, event, stored.author);
    }
    if (follow && (progress.answer !== null || isHopeless(progress))) break;
  }
  return report();
}

/** Given up, expired or refused by all: who has only handled it may still answer. */
const isHopeless = ({ standings }: Progress): boolean =>
  standings.size > 0 && [...standings.values()].every(({ isOver }) => isOver);

function note(ledger: Ledger, progress: Progress, event: SkeinEvent, author: string): void {
  const { id, from, standings } = progress;
  if (event.type === 'message.sent') {
    const { replyTo, to, text, body, sentAt } = event.data;
    if (replyTo !== id || to !== `agent:${from}` || !mayAnswer(progress, author)) return;
    const said = lengthen(ledger, { text, ...(body === undefined ? {} : { body }) });
    progress.answer ??= {
      id: event.id,
      from: senderOf({ event, author }),
      text: said.text,
      sentAt,
    };
    return;
  }
  const standing = standingOf(event, id);
  if (standing === undefined || !mayTell(progress, event, author)) return;
  // Who refuses a message of a group is not the last one: another one is chosen, or nobody.
  standings.set(standing.to, standing);
  if (standing.to.startsWith('skill:')) markOver(standings);
}

/** Only of a node that it was for: any member could write an answer. */
const mayAnswer = ({ to, standings }: Progress, author: string): boolean =>
  to.startsWith('agent:')
    ? isHomeById('inbox', to.slice('agent:'.length), author) === true
    : [...standings.keys()].some((inbox) => isHomeById('inbox', inbox, author) === true);

/** What becomes of it the homes of its inboxes say; of a group, who sent it says who has it. */
function mayTell(progress: Progress, { type, data }: SkeinEvent, author: string): boolean {
  const { to = '', inbox } = data as { readonly to?: string; readonly inbox?: string };
  const isOfGroup = type === 'message.refused' && to.startsWith('skill:');
  if (type === 'message.assigned' || isOfGroup) return author === progress.author;
  const told = type === 'message.refused' ? to : inbox;
  return told === undefined || isHomeById('inbox', told, author) === true;
}

function markOver(standings: Map<string, Standing>): void {
  for (const [to, each] of standings) standings.set(to, { ...each, isOver: true });
}

function standingOf(event: SkeinEvent, id: string): Standing | undefined {
  const at = (to: string | undefined, state: string, isOver = false): Standing => ({
    to: (to ?? event.actor).replace(/^agent:/u, ''),
    state,
    isOver,
  });
  switch (event.type) {
    case 'message.delivered':
      return event.data.messages.includes(id)
        ? at(event.data.inbox, 'handed out, not answered yet')
        : undefined;
    case 'message.assigned':
      return event.data.message === id ? at(event.data.to, 'on its way to that node') : undefined;
    case 'message.refused': {
      const { message, to, detail } = event.data;
      return message === id ? at(to, `refused: ${detail}`, !isReassigned(event)) : undefined;
    }
    case 'message.received':
      return event.data.message === id ? at(event.data.inbox, 'waits in the inbox') : undefined;
    case 'message.deferred':
      return event.data.message === id
        ? at(event.data.inbox, 'waits until the inbox has room')
        : undefined;
    case 'message.returned':
      return event.data.message === id
        ? at(event.data.inbox, `given back, it comes again: ${event.data.reason}`)
        : undefined;
    case 'message.handled':
      return event.data.message === id
        ? at(event.data.inbox, 'handled, without an answer')
        : undefined;
    case 'message.expired':
      return event.data.message === id ? at(event.data.inbox, 'expired', true) : undefined;
    case 'message.dead-lettered':
      return event.data.message === id
        ? at(event.data.inbox, `given up: ${event.data.reason}`, true)
        : undefined;
    default:
      return undefined;
  }
}

/** The refusal of one of a group names the assignment as its cause. */
const isReassigned = ({ cause }: SkeinEvent): boolean => cause !== undefined;
