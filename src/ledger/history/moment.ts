/**
 * A moment of a mission is named by the event it comes right after. People may say it by a time, by
 * a task or by a word; whatever they say becomes an event id.
 */
import type { LedgerReader } from '#ledger/ledger.ts';
import { prunedNotes } from '#ledger/prune/pruned-mission.ts';
import { isUuidv7 } from '#lib/uuidv7.ts';
import { SkeinError } from '#protocol/errors.ts';
import { parseEnvelope, type EventEnvelope } from '#protocol/event.ts';
import { eachEvent, eachEventBackwards } from './mission-events.ts';

/** Right after an event. `time` is what its author's clock said (ISO 8601), null when it was pruned. */
export interface Moment {
  readonly event: string;
  /** Local to this node. */
  readonly position: number;
  readonly time: string | null;
}

/** The forms in which a moment may be said, for messages. */
export const MOMENT_FORMS =
  'an event id or its beginning, a time such as 2026-03-01T12:00:00Z, "task 3" (when it was done), "approved", "start" or "end"';

/**
 * The moment that `text` names in `mission`. Of what happened several times (a plan approved, a task
 * done) the last time is meant; a time means the last event at or before it, and without a zone it
 * is UTC, as the log shows it. Throws `not-found` (`blob-missing` when the mission was pruned),
 * `ambiguous-id`, or `usage` for another form.
 */
export function resolveMoment(read: LedgerReader, mission: string, text: string): Moment {
  const said = text.trim();
  const history = { read, mission, said };
  const task = /^(?:task\s+)?([1-9]\d{0,5})$/iu.exec(said)?.[1] ?? taskOf(mission, said);
  if (task !== undefined) return taskMoment(history, task);
  if (/^\d{4}-\d\d-\d\d/u.test(said)) return timeMoment(history);
  const word = Object.hasOwn(WORDS, said) ? WORDS[said] : undefined;
  if (word !== undefined) return word(history);
  if (!/^[0-9a-f][0-9a-f-]{0,35}$/u.test(said)) throw unclear(said);
  return isUuidv7(said) ? eventMoment(history) : prefixMoment(history);
}

interface History {
  readonly read: LedgerReader;
  readonly mission: string;
  readonly said: string;
}

const WORDS: Readonly<Record<string, (history: History) => Moment>> = {
  start: (history) =>
    found(readable(eachEvent(history.read, history)), history, 'it has no events'),
  end: (history) => found(backwards(history), history, 'it has no events'),
  approved: (history) => found(ofType(history, 'mission.approved'), history, 'it was not approved'),
};

/** The number in a task id of this mission, whose own id may be shortened. */
function taskOf(mission: string, said: string): string | undefined {
  const [, prefix = '', number] = /^([0-9a-f-]+)\.([1-9]\d*)$/u.exec(said) ?? [];
  return prefix !== '' && mission.startsWith(prefix) ? number : undefined;
}

function taskMoment(history: History, number: string): Moment {
  const subject = `task/${history.mission}.${number}`;
  const done = ofType(history, 'task.done').filter(({ event }) => event.subject === subject);
  return found(done, history, `task ${number} was not done`);
}

function timeMoment(history: History): Moment {
  const { said } = history;
  const wanted = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/iu.test(said) ? said : `${asDateTime(said)}Z`);
  if (Number.isNaN(wanted)) throw unclear(said);
  const before = backwards(history).filter(({ event }) => Date.parse(event.time) <= wanted);
  return found(before, history, 'it began later');
}

/** A day alone is meant as its beginning; `T` may be left out. */
const asDateTime = (said: string): string =>
  said.length === 10 ? `${said}T00:00` : said.replace(' ', 'T');

function eventMoment(history: History): Moment {
  const { read, mission, said } = history;
  const position = read.position(said);
  if (position === undefined) throw missing(history, 'no event of this record has that id');
  const [stored] = read.events({ mission, after: position - 1, upTo: position, limit: 1 });
  if (stored === undefined) throw missing(history, 'that event belongs to something else');
  const time = stored.body === null ? null : parseEnvelope(stored.body).time;
  return { event: said, position, time };
}

/** How many candidates an error names. */
const MOST_NAMED = 5;

function prefixMoment(history: History): Moment {
  const { said, mission } = history;
  const matching = backwards(history)
    .filter(({ event }) => event.id.startsWith(said))
    .take(MOST_NAMED + 1)
    .toArray();
  if (matching.length < 2) {
    return found(matching.values(), history, 'no event of this mission begins with it');
  }
  const named = matching.slice(0, MOST_NAMED).map(({ event }) => `${event.id} (${event.type})`);
  const more = matching.length > MOST_NAMED ? ', ...' : '';
  throw new SkeinError(
    'ambiguous-id',
    `Cannot go back to "${said}": several events of mission ${mission} begin with it`,
    { fix: `Type more of the id: ${named.join(', ')}${more}` },
  );
}

interface Happened {
  readonly position: number;
  readonly event: EventEnvelope;
}

/** What can still be read; a pruned body has no time and no type. */
function* readable(
  stored: Iterable<{ readonly position: number; readonly body: Buffer | null }>,
): Generator<Happened> {
  for (const { position, body } of stored) {
    if (body !== null) yield { position, event: parseEnvelope(body) };
  }
}

const backwards = (history: History): Generator<Happened> =>
  readable(eachEventBackwards(history.read, history));

/** Events of a type, the last one first; the others are passed over without reading them. */
const ofType = (history: History, type: string): IteratorObject<Happened> =>
  readable(eachEventBackwards(history.read, history).filter((stored) => stored.type === type));

function found(events: Iterator<Happened>, history: History, state: string): Moment {
  const { value, done } = events.next();
  if (done === true) throw missing(history, state);
  const { position, event } = value;
  return { event: event.id, position, time: event.time };
}

/** Of a mission whose events were pruned nothing is said that only they could tell. */
function missing({ read, mission, said }: History, state: string): SkeinError {
  const [note] = prunedNotes(read, mission);
  const problem = `Cannot go back to "${said}" in mission ${mission}`;
  if (note?.what === 'bodies') {
    return new SkeinError(
      'blob-missing',
      `${problem}: its events were pruned on ${note.time} (record.pruned ${note.event})`,
      { fix: `What became of it is still here: skein show ${mission}` },
    );
  }
  return new SkeinError('not-found', `${problem}: ${state}`, {
    fix: `Name ${MOMENT_FORMS}. The ids are in: skein log ${mission} --ids`,
  });
}

const unclear = (said: string): SkeinError =>
  new SkeinError('usage', `Cannot read "${said}" as a moment`, { fix: `Name ${MOMENT_FORMS}.` });
