/**
 * What is read of an old message bus, in neutral form: who wrote what to whom, and everything else of
 * it in `extra`. A reader changes nothing where it reads.
 */

/** How urgent a message was, in the words of Skein. */
export type OldPriority = 'critical' | 'high' | 'normal' | 'low';

/** Whom a message was for. Names are valid names of Skein; another spelling stands in `extra`. */
export interface Recipient {
  readonly type: 'agent' | 'topic' | 'skill';
  readonly name: string;
}

/**
 * One message for one recipient. `id` is a UUIDv7 that is the same at every reading. `sentAt` is ISO 8601,
 * null when it can't be told. `extra` holds what was not mapped, and what was not kept as it was.
 */
export interface ImportedMessage {
  readonly id: string;
  readonly sourceId: string | null;
  readonly from: string;
  readonly to: Recipient;
  readonly text: string;
  readonly sentAt: string | null;
  readonly priority: OldPriority;
  /** The id, in Skein, of the message that it answers. */
  readonly replyTo?: string;
  readonly status: 'read' | 'unread';
  readonly extra: Readonly<Record<string, unknown>>;
}

/** An agent that the old bus lists, or that wrote or was written to. */
export interface ImportedAgent {
  readonly name: string;
  readonly role: string | null;
  readonly skills: readonly string[];
  readonly lastSeen: string | null;
  /** Whether the bus lists it, or only its messages name it. */
  readonly listed: boolean;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** Which column of a table became which field; the others are in `extra`. */
export interface Mapping {
  readonly table: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly extra: readonly string[];
}

/** Something that was not as expected: how often, and where first. */
export interface Problem {
  readonly what: string;
  readonly count: number;
  readonly examples: readonly string[];
  /** Nothing of it can be taken over: it must be mended, or stays behind. */
  readonly left: boolean;
}

/** All of a bus, counted; nothing was written anywhere. */
export interface Survey {
  readonly messages: number;
  readonly unread: number;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  readonly agents: readonly ImportedAgent[];
  readonly problems: readonly Problem[];
  /** How values were understood where that is not obvious, in sentences. */
  readonly notes: readonly string[];
}

/** An old bus that is open. Every reading sees the same state of it. */
export interface OldBus {
  readonly mapping: readonly Mapping[];
  readonly survey: Survey;
  /** From the oldest row or file to the newest. */
  readonly messages: () => Iterable<ImportedMessage>;
  readonly close: () => void;
}

/** How to read. */
export interface ReadOptions {
  /** What was said by `--map`: `body=payload`, `agents.name=agent_id`, `status=` (no column). */
  readonly map?: readonly string[];
  /** Tells buses apart whose messages are alike in everything (default: the kind of the bus). */
  readonly source?: string;
  /** Minutes east of UTC of times that name no zone (default: 0). */
  readonly utcOffsetMinutes?: number;
  /** Of numbers as priorities the low ones are urgent (default: the high ones). */
  readonly lowIsUrgent?: boolean;
  /** The table of messages when it is not called `messages`. */
  readonly table?: string;
}
