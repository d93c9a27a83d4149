/** Which runs are counted in instructions: Python's, when a limit asks for it or when they are exact. */
import { SkeinError } from '#protocol/errors.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { Determinism, Language } from '#sandbox/sandbox.ts';

/** `exact`: from the start of its interpreter on, nothing of time or chance is in it. */
export type Counting = 'none' | 'fuel' | 'exact';

/**
 * How a run is counted. Throws `usage` for a limit of fuel where nothing counts. The fuel of Python is a
 * measure and no wall: a program can reach the counter through JavaScript. Time and memory hold it.
 */
export function countingOf(
  language: Language,
  limits: Pick<Limits, 'fuel'>,
  deterministic?: Determinism,
): Counting {
  if (language === 'python') {
    if (deterministic !== undefined) return 'exact';
    return limits.fuel > 0 ? 'fuel' : 'none';
  }
  if (limits.fuel > 0) throw noFuel(language);
  return 'none';
}

const noFuel = (language: Language): SkeinError =>
  new SkeinError(
    'usage',
    `Cannot limit the fuel of ${language}: Deno does not count instructions`,
    {
      fix: 'Choose the tier T0, which does, or leave out the limit of fuel.',
    },
  );

/** What a session is told, whose interpreter lives on between runs. */
export const noFuelInSession = (): SkeinError =>
  new SkeinError('usage', 'Cannot limit the fuel of a session: its runs are not counted', {
    fix: 'Leave out the limit of fuel, or run the program alone.',
  });
