/** What the API and the command line say of messages, inboxes and agents. */
import type { Letter } from '#bus/inbox/letters.ts';
import type { Speaker } from '#protocol/command.ts';
import type { Presence } from '#protocol/events/node.ts';

/**
 * What became of a message when it was sent. `to` is its address on the record, `assigned` who of a
 * group has it; `reached` are inboxes of this node. `elsewhere`: other nodes get it from the record.
 */
export interface SentReport {
  readonly id: string;
  readonly space: string;
  readonly to: string;
  readonly assigned?: string;
  readonly reached: readonly string[];
  readonly refused: readonly { readonly to: string; readonly detail: string }[];
  readonly elsewhere: boolean;
  readonly strength: string;
}

/** A message that waits in an inbox, was handed out until `until`, or not before `notBefore`. */
export interface ListedLetter extends Letter {
  readonly state: 'waits' | 'handed out' | 'delayed';
  readonly until: string | null;
  readonly notBefore: string | null;
  readonly alarmed: boolean;
}

/** A message that was given up. */
export interface ListedDead {
  readonly id: string;
  readonly from: string;
  readonly reason: string;
  readonly tries: number;
  readonly text: string;
}

/** An inbox as it stands; looking at it changes nothing. `deferred` messages found no room yet. */
export interface InboxContents {
  readonly inbox: string;
  readonly space: string;
  readonly status: 'open' | 'closed' | 'none';
  readonly limit: number;
  readonly deferred: number;
  readonly handled: number;
  readonly expired: number;
  readonly died: number;
  readonly messages: readonly ListedLetter[];
  readonly dead: readonly ListedDead[];
}

/** How a message stands with one recipient. */
export interface Standing {
  readonly to: string;
  readonly state: string;
  readonly isOver: boolean;
}

/** A message, how it stands with each of its recipients, and its answer if there is one. */
export interface MessageReport {
  readonly id: string;
  readonly space: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly sentAt: string;
  readonly standings: readonly Standing[];
  readonly answer: Pick<Letter, 'id' | 'from' | 'text' | 'sentAt'> | null;
}

/** A registered agent. `presence` is as seen from here; null when nothing is known of its node. */
export interface ListedAgent {
  readonly id: string;
  readonly name: string;
  readonly space: string;
  readonly node: string;
  readonly nodeName: string | null;
  readonly isHere: boolean;
  readonly role: string;
  readonly skills: readonly string[];
  readonly topics: readonly string[];
  readonly version: string | null;
  readonly presence: Presence | null;
  readonly waiting: number;
  readonly handedOut: number;
}

/** Which messages of an inbox: `~` is that of who asks. `most` may be out at once; `peek` = hand out none. */
export interface InboxQuery {
  readonly agent: string;
  readonly space?: string | undefined;
  readonly follow: boolean;
  readonly peek: boolean;
  readonly most: number;
}

/** Which message, and how long to wait for its answer. */
export interface MessageQuery {
  readonly id: string;
  readonly space?: string | undefined;
  readonly waitMs: number;
}

/** Messages, seen from the API. */
export interface BusDoor {
  /** Letters, page by page; with `follow` it ends when `signal` does, or the node. */
  readonly inbox: (
    query: InboxQuery,
    speaker: Speaker,
    signal: AbortSignal,
  ) => Promise<AsyncIterable<readonly Letter[]>>;
  readonly message: (
    query: MessageQuery,
    speaker: Speaker,
    signal: AbortSignal,
  ) => Promise<MessageReport>;
}
