/**
 * Joins a folder of JSON files to a space, for as long as somebody there still works with files. What
 * old peers put into inbox/ is taken over, what is sent to them is put into outbox/; who carries the
 * files between machines (rsync, a shared folder) goes on as before.
 *
 * Contract. A file is moved to archive/ only after all of its messages are durable in Skein; one that
 * can't be read or is refused stays where it is, is told of once, and tried again when it changes. A
 * message for a peer is confirmed only after its file is durable in outbox/, under a name made of its
 * id. A crash at any point repeats a step: in Skein nothing comes twice, and a peer may find the same
 * file again, with the same id, only if the crash fell between the file and its confirmation.
 */
import type { ImportedMessage } from '../old-bus.ts';
import type { MapChoice } from '../column-names.ts';

/** A message for an old peer, as Skein hands it out. */
export interface OutgoingMessage {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  readonly text: string;
  readonly sentAt: string;
  readonly priority: string;
  readonly replyTo?: string;
}

/** The space, as a bridge sees it. */
export interface BridgeDoor {
  /** Resolves when all are durable. What is there already is not added again. Retryable errors pass. */
  readonly take: (messages: readonly ImportedMessage[]) => Promise<void>;
  /** Messages that wait for a peer, at most so many; again until they are confirmed. */
  readonly waiting: (peer: string, most: number) => Promise<readonly OutgoingMessage[]>;
  /** The message lies in the outbox durably. */
  readonly confirm: (peer: string, message: string) => Promise<void>;
}

/** Instants at which a test may stop the process: nothing may be lost at any of them. */
export type BridgePoint = 'read' | 'taken' | 'claimed' | 'archived' | 'written' | 'confirmed';

/** What a bridge works with. */
export interface BridgeParts {
  /** Has inbox/, outbox/ and archive/ in it. */
  readonly folder: string;
  /** Stands in every file that is given: what comes back with it is our own. */
  readonly origin: string;
  readonly peers: readonly string[];
  readonly choices: readonly MapChoice[];
  readonly utcOffsetMinutes: number;
  readonly door: BridgeDoor;
  readonly pause: (point: BridgePoint) => Promise<void>;
  /** Told of what needs a person. */
  readonly report: (what: string) => void;
}

/** What one round did. */
export interface BridgeRound {
  readonly taken: number;
  readonly given: number;
}

/** A bridge whose rounds are asked for; one at a time. */
export interface Bridge {
  /** Takes what is in the inbox and gives what waits. Errors of the door pass; the next round goes on. */
  readonly round: () => Promise<BridgeRound>;
}
