/**
 * What a check says after the change that it didn't say before. When a check fails on the base too,
 * its exit code tells nothing; the new lines show whether the change made it worse.
 */

const MAX_LINES = 50;
const MAX_LINE_CHARACTERS = 500;

/**
 * The lines of `after` that `before` has not, or not as often: at most 50. Numbers, times and the
 * order of lines don't count, because they differ between any two runs.
 */
export function newOutputLines(before: string, after: string): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of before.split('\n')) {
    const key = withoutChance(line);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const added: string[] = [];
  for (const line of after.split('\n')) {
    const key = withoutChance(line);
    const left = counts.get(key) ?? 0;
    counts.set(key, left - 1);
    if (left <= 0 && key !== '') added.push(line.slice(0, MAX_LINE_CHARACTERS));
    if (added.length === MAX_LINES) break;
  }
  return added;
}

const withoutChance = (line: string): string =>
  line
    .replaceAll(/skein-check-\w+/gu, 'skein-check')
    .replaceAll(/0x[\da-f]+|\d+/giu, '0')
    .trim();
