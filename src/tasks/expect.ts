/**
 * An action that is no effect, such as a review: what is expected is said before it, whether that
 * was met after it. (Effects say both with their intent and outcome, see `effects.ts`.)
 */
import type { Judged } from './effects.ts';
import type { MissionWork } from './mission-work.ts';

/** What is about to be done for `task`, and what is expected of it, in words. */
export interface ExpectedAction {
  readonly task: string;
  readonly subject: string;
  readonly action: string;
  readonly expects: string;
}

/** How it went; `event` is the id of the event that says so. */
export interface ActionOutcome<T> extends Judged {
  readonly value: T;
  readonly event: string;
}

/** Says what is expected, acts, and says what was found. What `act` throws was no outcome. */
export async function expecting<T>(
  { record, mission }: MissionWork,
  { task, subject, action, expects }: ExpectedAction,
  act: () => Promise<Judged & { readonly value: T }>,
): Promise<ActionOutcome<T>> {
  const note = async (type: string, data: object, cause?: string): Promise<string> => {
    const why = cause === undefined ? {} : { cause };
    const [id = ''] = await record('note.record', { type, subject, mission, ...why, data });
    return id;
  };
  const expected = await note('agent.expected', { task, action, expects });
  const { met, found, value } = await act();
  const event = met
    ? await note('expectation.met', { task, action, found }, expected)
    : await note('expectation.failed', { task, action, expects, found }, expected);
  return { met, found, value, event };
}
