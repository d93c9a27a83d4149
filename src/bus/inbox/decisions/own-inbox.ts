/** Who may do what with an inbox. */
import type { DecisionContext } from '#ledger/decider.ts';
import { isHomeById, speakerId } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import { inboxOf } from './message-head.ts';
import type { InboxState, WaitingMessage } from '../inbox-reducer.ts';

/** The inbox of who speaks, or any of this node for its person and the node itself. */
export function ownInbox(context: DecisionContext, id: string): InboxState {
  const { actor, authority, node } = context;
  if (isHomeById('inbox', id, node) !== true) {
    throw new SkeinError('not-home', `Cannot open inbox ${id}: it is at another node`, {
      fix: 'Ask there: each node hands out what came to its own agents.',
    });
  }
  const isOwn = speakerId(actor, node) === id;
  if (!isOwn && authority !== 'human' && authority !== 'system') {
    throw new SkeinError('unauthorized', `Cannot open inbox ${id}: it is not that of ${actor}`);
  }
  const inbox = inboxOf(context, id);
  if (inbox === undefined)
    throw new SkeinError('not-found', `Cannot open inbox ${id}: there is none`);
  return inbox;
}

/** A message of the inbox that was handed out before and is not done with. */
export function handedOut(inbox: InboxState, id: string, message: string): WaitingMessage {
  const found = inbox.waiting.find((each) => each.message === message);
  if (found === undefined || found.tries === 0) {
    const state = found === undefined ? 'it does not wait there' : 'it was not handed out yet';
    throw new SkeinError('conflict', `Cannot answer ${message} in ${id}: ${state}`);
  }
  return found;
}

/** For commands that the node gives itself. */
export function assertNode({ authority, actor }: DecisionContext): void {
  if (authority === 'system') return;
  throw new SkeinError('unauthorized', `Cannot decide this for ${actor}: only the node itself may`);
}
