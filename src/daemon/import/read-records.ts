/**
 * Reads the records of a bus: once to learn what they need of each other, once to count, and then as
 * often as the messages are asked for. Nothing is held in memory but names, and ids that are referred to.
 */
import type { ImportedAgent, ImportedMessage, ReadOptions, Survey } from './old-bus.ts';
import { EVERYBODY } from './old-name.ts';
import { numberOf, type PriorityScale } from './old-words.ts';
import { toText } from './plain-value.ts';
import { makeProblems, type ProblemList } from './problem-list.ts';
import { toMessages, type PlacedRecord, type Understanding } from './to-messages.ts';

/** Where records come from. `records` tells `problems` what it could not read. */
export interface RecordSource {
  readonly records: (problems: ProblemList) => Iterable<PlacedRecord>;
  /** The agents that the bus lists. */
  readonly agents: readonly ImportedAgent[];
  /**
   * What it means when two say the same: it `never` happens to those with an id, they are `distinct`
   * messages, or they are `copies` of one.
   */
  readonly repeats: 'never' | 'distinct' | 'copies';
  /** Names this bus in the ids of its messages. */
  readonly source: string;
  /** Problems that were found before. */
  readonly problems: ProblemList;
}

const MOST_NAMES = 100_000;

/** An old bus does not say who listens to a topic, and whoever has a skill would have it again. */
const FOR_NOBODY = 'is unread and for a group: recorded, but it waits for nobody';

/** The survey of a source, and its messages. */
export function readRecords(
  source: RecordSource,
  options: ReadOptions,
): { readonly survey: Survey; readonly messages: () => Iterable<ImportedMessage> } {
  const silent = makeProblems();
  const first = lookThrough(source, silent);
  const normal = usual(first.numbers);
  const scale: PriorityScale = { normal, lowIsUrgent: options.lowIsUrgent ?? false };
  const understand = (problems: ProblemList, replies: Understanding['replies']): Understanding => ({
    source: source.source,
    utcOffsetMinutes: options.utcOffsetMinutes ?? 0,
    priority: scale,
    problems,
    isLive: false,
    replies,
    occurrence: makeOccurrence(source.repeats),
  });
  const replies = findReplied(
    source,
    first.replied,
    understand(silent, () => undefined),
  );
  const survey = count(source, understand(source.problems, replies));
  return {
    survey: { ...survey, notes: notesOf(first.numbers.size, scale) },
    messages: () => allMessages(source, understand(makeProblems(), replies)),
  };
}

function* allMessages(
  source: RecordSource,
  understanding: Understanding,
): Generator<ImportedMessage> {
  const seen = new Set<string>();
  for (const placed of source.records(understanding.problems)) {
    for (const message of toMessages(placed, understanding)) {
      if (source.repeats !== 'copies') yield message;
      else if (seen.has(message.id)) understanding.problems.note('is a copy', placed.where);
      else {
        seen.add(message.id);
        yield message;
      }
    }
  }
}

/** Counts how often the same was said before. */
function makeOccurrence(repeats: RecordSource['repeats']): Understanding['occurrence'] {
  const counts = new Map<string, number>();
  return (key, sourceId) => {
    if (repeats === 'copies' || (repeats === 'never' && sourceId !== null)) return 0;
    const before = counts.get(key) ?? 0;
    counts.set(key, before + 1);
    return before;
  };
}

interface FirstLook {
  readonly replied: ReadonlySet<string>;
  readonly numbers: ReadonlyMap<number, number>;
}

/** Which ids are answered, and which numbers are priorities. */
function lookThrough(source: RecordSource, problems: ProblemList): FirstLook {
  const replied = new Set<string>();
  const numbers = new Map<number, number>();
  for (const { record, mapped } of source.records(problems)) {
    const { replyTo, priority } = mapped.columns;
    const answered = replyTo === undefined ? '' : toText(record[replyTo]);
    if (answered !== '') replied.add(answered);
    const number = priority === undefined ? undefined : numberOf(record[priority]);
    if (number !== undefined) numbers.set(number, (numbers.get(number) ?? 0) + 1);
  }
  return { replied, numbers };
}

/** The number that most messages have: the one that is given when nobody gives one. */
function usual(numbers: ReadonlyMap<number, number>): number | null {
  const sorted = [...numbers].toSorted(([a, aCount], [b, bCount]) => bCount - aCount || a - b);
  return sorted[0]?.[0] ?? null;
}

/** Ids in Skein by the ids that are answered; undefined where several messages have that id. */
function findReplied(
  source: RecordSource,
  replied: ReadonlySet<string>,
  understanding: Understanding,
): Understanding['replies'] {
  const found = new Map<string, readonly ImportedMessage[]>();
  const several = new Set<string>();
  if (replied.size === 0) return () => undefined;
  for (const placed of source.records(understanding.problems)) {
    // Made also when nobody answers it: how often the same was said must be counted alike.
    const messages = toMessages(placed, understanding);
    const sourceId = messages[0]?.sourceId ?? '';
    if (!replied.has(sourceId)) continue;
    const before = found.get(sourceId);
    if (before !== undefined && before[0]?.id !== messages[0]?.id) several.add(sourceId);
    found.set(sourceId, messages);
  }
  return (sourceId, from) => {
    const messages = several.has(sourceId) ? [] : (found.get(sourceId) ?? []);
    return (messages.find(({ to }) => to.name === from) ?? messages[0])?.id;
  };
}

function count(source: RecordSource, understanding: Understanding): Omit<Survey, 'notes'> {
  const { problems } = understanding;
  const names = new Set(source.agents.map(({ name }) => name));
  const met = new Map<string, ImportedAgent>();
  let messages = 0;
  let unread = 0;
  let firstAt: string | null = null;
  let lastAt: string | null = null;
  for (const { from, to, status, sentAt, sourceId } of allMessages(source, understanding)) {
    messages += 1;
    if (status === 'unread') unread += 1;
    const group = to.type === 'skill' || (to.type === 'topic' && to.name !== EVERYBODY);
    if (status === 'unread' && group) {
      problems.note(FOR_NOBODY, `${to.type} ${to.name} (${sourceId ?? ''})`);
    }
    if (sentAt !== null && (firstAt === null || sentAt < firstAt)) firstAt = sentAt;
    if (sentAt !== null && (lastAt === null || sentAt > lastAt)) lastAt = sentAt;
    const isNew = to.type === 'agent' && !names.has(to.name) && !met.has(to.name);
    if (isNew && source.agents.length > 0) {
      problems.note(`was sent to an agent that is not listed`, `${to.name} (${sourceId ?? ''})`);
    }
    for (const name of to.type === 'agent' ? [from, to.name] : [from]) {
      if (names.has(name) || met.has(name) || met.size >= MOST_NAMES) continue;
      const about = { role: null, skills: [], lastSeen: null, listed: false, extra: {} };
      met.set(name, { name, ...about });
    }
  }
  const agents = [...source.agents, ...met.values()];
  return { messages, unread, firstAt, lastAt, agents, problems: problems.list() };
}

function notesOf(numbers: number, { normal, lowIsUrgent }: PriorityScale): readonly string[] {
  if (numbers === 0) return [];
  const [low, high] = lowIsUrgent ? ['high', 'low'] : ['low', 'high'];
  return [`priority ${normal} is normal (the usual one), below it ${low}, above it ${high}`];
}
