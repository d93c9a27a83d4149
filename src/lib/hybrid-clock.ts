/**
 * A hybrid logical clock (Kulkarni et al., 2014): wall time that never runs backwards, with a
 * counter inside a millisecond. Its text form sorts as it counts.
 */

const MAX_COUNTER = 999_999;

/** A maker of readings: each is above the last one, and above all that it was shown. */
export interface HybridClock {
  (): string;
  /** The reading of somebody else, on whose word the next one may build. */
  readonly observe: (reading: string) => void;
}

/** A clock whose readings are above `after`, the last reading on record. */
export function makeHybridClock(now: () => number, after?: string): HybridClock {
  let [lastMs, counter] = after === undefined ? [0, 0] : parse(after);
  const next = (): string => {
    const ms = now();
    // A counter of seven digits would no longer sort as text: it carries into the time instead.
    if (ms > lastMs) [lastMs, counter] = [ms, 0];
    else if (counter === MAX_COUNTER) [lastMs, counter] = [lastMs + 1, 0];
    else counter += 1;
    return `${String(lastMs).padStart(15, '0')}-${String(counter).padStart(6, '0')}`;
  };
  const observe = (reading: string): void => {
    const [ms, count] = parse(reading);
    if (ms > lastMs || (ms === lastMs && count > counter)) [lastMs, counter] = [ms, count];
  };
  return Object.assign(next, { observe });
}

/** The wall time of a reading, in milliseconds since 1970. */
export const readingMs = (reading: string): number => parse(reading)[0];

function parse(reading: string): [number, number] {
  const [ms, counter] = reading.split('-');
  return [Number(ms), Number(counter)];
}
