/** Limits of a run as people type them: `wall=5s`, `memory=512mb`, `processes=8`. */
import { parseDuration } from '#lib/duration.ts';
import { nearWords } from '#lib/near-words.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Limits } from '#sandbox/limits.ts';

type Reader = (word: string) => number | undefined;

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 2 ** 10,
  mb: 2 ** 20,
  gb: 2 ** 30,
};

const size: Reader = (word) => {
  const [, digits, unit] = /^(\d{1,15})(b|kb|mb|gb|)$/iu.exec(word) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  return Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
};

const count: Reader = (word) => (/^\d{1,15}$/u.test(word) ? Number(word) : undefined);

const NAMES: Readonly<Record<string, readonly [keyof Limits, Reader]>> = {
  wall: ['wallMs', parseDuration],
  cpu: ['cpuMs', parseDuration],
  memory: ['memoryBytes', size],
  fuel: ['fuel', count],
  output: ['outputBytes', size],
  processes: ['processes', count],
  'open-files': ['openFiles', count],
  file: ['fileBytes', size],
  in: ['inBytes', size],
  'in-files': ['inFiles', count],
  out: ['outBytes', size],
  'out-files': ['outFiles', count],
  temporary: ['temporaryBytes', size],
  shared: ['sharedBytes', size],
};

/** The limits that were typed; throws `usage` for a name or value that is none. */
export function typedLimits(words: readonly string[]): Partial<Limits> {
  const limits: Partial<Record<keyof Limits, number>> = {};
  for (const word of words) {
    const [, name = word, value = ''] = /^([^=]*)=(.*)$/su.exec(word) ?? [];
    const known = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
    if (known === undefined) throw unknownName(name);
    const [limit, read] = known;
    const amount = read(value);
    if (amount === undefined) {
      throw new SkeinError('usage', `Cannot limit ${name} to "${value.slice(0, 40)}"`, {
        fix: 'Such as: wall=5s, memory=512mb, processes=8',
      });
    }
    limits[limit] = amount;
  }
  return limits;
}

/** What people type for a limit. */
export const typedName = (limit: string): string =>
  Object.entries(NAMES).find(([, [known]]) => known === limit)?.[0] ?? limit;

function unknownName(name: string): SkeinError {
  const all = Object.keys(NAMES);
  const near = nearWords(name.slice(0, 40), all);
  return new SkeinError('usage', `Cannot limit "${name.slice(0, 40)}": there is no such limit`, {
    fix: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `Limits are ${all.join(', ')}.`,
  });
}
