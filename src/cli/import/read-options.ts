/** What is typed to say how files of an old bus are to be read. */
import { SkeinError } from '#protocol/errors.ts';

const MOST_MINUTES = 14 * 60;

/** Minutes east of UTC from `+05:30`; none = 0. Throws `usage` for an offset that is none. */
export function offsetOf(text: string | undefined): number {
  const match = /^([+-])(\d{2}):?(\d{2})$/u.exec(text ?? '+00:00');
  const minutes = Number(match?.[2]) * 60 + Number(match?.[3]);
  if (minutes <= MOST_MINUTES) return match?.[1] === '-' ? -minutes : minutes;
  throw new SkeinError('usage', `Cannot use --utc-offset ${text}: it is no offset from UTC`, {
    fix: 'Write it as +05:30 or -08:00.',
  });
}
