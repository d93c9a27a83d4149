/** Decides notes: events that are told and kept but change no state. */
import { SkeinError } from '#protocol/errors.ts';
import { entityOf, isEventType, type NewSkeinEvent } from '#protocol/event-types.ts';
import { fields, optional, text, type Shape } from '#protocol/shape.ts';
import { defineDecider, type DeciderTable } from './decider.ts';

/** Remarks that change what counts: only the commands that find it out may make them. */
const ABOUT_THE_RECORD: readonly string[] = [
  'record.pruned',
  'chain.forked',
  'message.assigned',
  'message.refused',
];

const isPlainData = (data: unknown): boolean => typeof data === 'object' && data !== null;

const anything: Shape<unknown> = { problem: () => undefined };

/** The command `note.record`: any event type that is declared a note. */
export const noteDeciders: DeciderTable = {
  'note.record': defineDecider(
    fields({
      type: text,
      subject: text,
      mission: optional(text),
      cause: optional(text),
      data: anything,
    }),
    ({ type, subject, mission, cause, data }) => {
      const isNote =
        isEventType(type) && isPlainData(data) && entityOf({ type, subject, data }) === null;
      if (!isNote || ABOUT_THE_RECORD.includes(type)) {
        throw new SkeinError('usage', `Cannot record ${type}: it is not a note`);
      }
      const rest = {
        ...(mission === undefined ? {} : { mission }),
        ...(cause === undefined ? {} : { cause }),
      };
      return [{ type, subject, ...rest, data } as NewSkeinEvent];
    },
  ),
};
