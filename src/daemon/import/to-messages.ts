/** Makes messages of one row or one JSON object, and notes what was not as expected. */
import type { Columns, FoundColumns, MESSAGE_NAMES } from './column-names.ts';
import { derivedId } from './derived-id.ts';
import type { ImportedMessage, Recipient } from './old-bus.ts';
import { toRecipients, toSender } from './old-name.ts';
import { readPriority, readStatus, type PriorityScale } from './old-words.ts';
import { toPlain, toText } from './plain-value.ts';
import type { ProblemList } from './problem-list.ts';
import { readTime } from './read-time.ts';

/** The columns of a message. */
export type MessageColumns = FoundColumns<typeof MESSAGE_NAMES>;

/** A row by column, or an object of a file by key. */
export type OldRecord = Readonly<Record<string, unknown>>;

/** A record, how its columns are mapped, and where it stands for people. */
export interface PlacedRecord {
  readonly record: OldRecord;
  readonly mapped: MessageColumns;
  readonly where: string;
  /** Its id where it says none. */
  readonly sourceId?: string;
  /** What it is where it says no status. */
  readonly status?: 'read' | 'unread';
}

/** How records are understood. `replies` answers the id, in Skein, of what a message answers. */
export interface Understanding {
  readonly source: string;
  readonly utcOffsetMinutes: number;
  readonly priority: PriorityScale;
  readonly problems: ProblemList;
  /** Who writes knows agents of Skein: names that mean somebody here mean them. */
  readonly isLive: boolean;
  readonly replies: (sourceId: string, from: string) => string | undefined;
  /** How many messages with this key were made before, and counts this one. */
  readonly occurrence: (key: string, sourceId: string | null) => number;
}

type Field = keyof Columns<typeof MESSAGE_NAMES>;

/** The messages of one record, one for each recipient. */
export function toMessages(
  placed: PlacedRecord,
  understanding: Understanding,
): readonly ImportedMessage[] {
  const { record, mapped, where } = placed;
  const { columns } = mapped;
  const { source, problems, isLive, replies, occurrence } = understanding;
  const at = (field: Field): unknown => record[columns[field] ?? ''];
  const said = toText(at('id'));
  const sourceId = said === '' ? (placed.sourceId ?? null) : said;
  const from = toSender(at('from'), isLive);
  const text = textOf(record, mapped);
  const { sentAt, idMs } = timeOf(at('sentAt'), understanding, where);
  const recipients = toRecipients(at('to'), columns.to ?? '', isLive);
  const replied = toText(at('replyTo'));
  const priority = readPriority(at('priority'), understanding.priority);
  const status = at('status') === undefined ? placed.status : readStatus(at('status'));
  const replyTo = replied === '' ? undefined : replies(replied, from);
  noteNames(at('from'), from, problems);
  if (recipients.length === 1) noteNames(at('to'), recipients[0]?.name ?? '', problems);
  const isKnown = { priority: priority !== undefined, status: status !== undefined };
  noteGaps({ ...isKnown, reply: replied === '' || replyTo !== undefined }, problems, where);
  const read = { from, text, sentAt, priority: priority ?? 'normal', status: status ?? 'unread' };
  const extra = extraOf(record, mapped, { ...read, sourceId, recipients, replied, replyTo });
  const answer = replyTo === undefined ? {} : { replyTo };
  const time = toText(at('sentAt'));
  return recipients.map((to) => {
    const key = { source, sourceId, from, to: `${to.type}:${to.name}`, text, time };
    const nth = occurrence(derivedId({ ...key, occurrence: 0 }, idMs), sourceId);
    const id = derivedId({ ...key, occurrence: nth }, idMs);
    return { id, sourceId, ...read, to, ...answer, extra };
  });
}

/** Where nothing is the text, all that is not mapped is it. */
function textOf(record: OldRecord, { columns, extra }: MessageColumns): string {
  if (columns.text !== undefined) return toText(record[columns.text]);
  return toText(Object.fromEntries(extra.map((name) => [name, record[name] ?? null])));
}

/** The id's time knows no offset: the same message read with another one stays the same. */
function timeOf(
  value: unknown,
  { utcOffsetMinutes, problems }: Understanding,
  where: string,
): { readonly sentAt: string | null; readonly idMs: number } {
  const found = readTime(value, utcOffsetMinutes);
  if (found === undefined) {
    const what = value === null || value === undefined ? 'has no time' : 'has a time that is none';
    problems.note(what, where);
    return { sentAt: null, idMs: 0 };
  }
  if (!found.zoned) problems.note('has a time without a zone', where);
  const idMs = readTime(value, 0)?.ms ?? found.ms;
  return { sentAt: new Date(found.ms).toISOString(), idMs };
}

/** A name that Skein can't take as it is has another spelling here. */
function noteNames(old: unknown, name: string, problems: ProblemList): void {
  if (typeof old !== 'string' || !/-[0-9a-f]{6}$/u.test(name) || old.includes(name)) return;
  problems.note('has a name that is spelled otherwise here', `"${old.slice(0, 60)}": ${name}`);
}

function noteGaps(
  isKnown: Readonly<Record<'priority' | 'status' | 'reply', boolean>>,
  problems: ProblemList,
  where: string,
): void {
  if (!isKnown.priority) problems.note('has an unknown priority: taken as normal', where);
  if (!isKnown.status) problems.note('has an unknown status: taken as unread', where);
  if (!isKnown.reply) problems.note('answers a message that is not here', where);
}

interface Read {
  readonly sourceId: string | null;
  readonly from: string;
  readonly recipients: readonly Recipient[];
  readonly text: string;
  readonly sentAt: string | null;
  readonly priority: string;
  readonly status: string;
  readonly replied: string;
  readonly replyTo: string | undefined;
}

/** What was not mapped, and of what was mapped each value that is not what was read. */
function extraOf(record: OldRecord, mapped: MessageColumns, read: Read): OldRecord {
  const { columns, extra } = mapped;
  const [only] = read.recipients;
  const kept: Readonly<Record<Field, unknown>> = {
    id: read.sourceId,
    from: read.from,
    to: read.recipients.length === 1 && only?.type === 'agent' ? only.name : undefined,
    text: read.text,
    sentAt: read.sentAt,
    priority: read.priority,
    status: read.status,
    replyTo: read.replyTo === undefined ? undefined : read.replied,
  };
  const changed = (Object.keys(kept) as Field[]).flatMap((field) => {
    const column = columns[field];
    return column === undefined || saysSame(record[column], kept[field]) ? [] : [column];
  });
  const entries = [...extra, ...changed].map((name): [string, unknown] => [
    name.toWellFormed(),
    toPlain(record[name]),
  ]);
  return Object.fromEntries(entries);
}

/** A time that says its zone, and no more than milliseconds. */
const FULL_TIME = /^\d{4}-\d{2}-\d{2}[T ][\d:]+(?:\.\d{1,3})?(?:Z|[+-]00:?00)$/u;

/** Whether a value of the old bus is fully told by what it was read as. */
function saysSame(value: unknown, read: unknown): boolean {
  if (value === null || value === undefined || value === read) return true;
  if (typeof read !== 'string') return false;
  if (typeof value === 'string')
    return FULL_TIME.test(value) && readTime(value, 0)?.ms === Date.parse(read);
  if (value instanceof Uint8Array) return Buffer.from(read).equals(value);
  return toText(value) === read;
}
