/** Decides notes: events that are told and kept but change no state. */
import { SkeinError } from '#protocol/errors.ts';
import { EVENT_TYPES, isEventType, type NewSkeinEvent } from '#protocol/event-types.ts';
import { fields, optional, text, type Shape } from '#protocol/shape.ts';
import { defineDecider, type DeciderTable } from './decider.ts';

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
      // What was pruned is no remark: only the command that prunes may say it.
      const isNote = isEventType(type) && EVENT_TYPES[type].order === 'note';
      if (!isNote || type === 'record.pruned') {
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
