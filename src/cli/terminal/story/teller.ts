/** How one type of event is told; each area has a table of these. */
import type { EventEnvelope } from '#protocol/event.ts';
import type { Style } from '../style.ts';
import { taskName } from '../wording.ts';

/** What an event says. A record may be of another version: nothing is taken for granted. */
export type Data = Readonly<Record<string, unknown>>;

/** An event's line without its time. */
export type Tell = (data: Data, style: Style, event: EventEnvelope) => string;

/** The tellers of some event types. */
export type Told = Readonly<Record<string, Tell>>;

/** What an event is about, without its kind: the path of a file, the name of a branch. */
export const subjectName = ({ subject }: EventEnvelope): string =>
  subject.slice(subject.indexOf('/') + 1);

/** What an event is about as a person calls it: `task 3` for a task or its lease, else its name. */
export const aboutName = (event: EventEnvelope): string =>
  /^(?:task|lease)\//u.test(event.subject) ? taskName(subjectName(event)) : subjectName(event);

/** How a command ended: its exit code, painted, or that it took too long. */
export function outcomeText(data: Data, { green, yellow }: Style): string {
  const outcome =
    data['timedOut'] === true
      ? 'timed out'
      : `exit code ${String(data['exitCode'] ?? data['signal'] ?? 'none')}`;
  return data['exitCode'] === 0 ? green(outcome) : yellow(outcome);
}
