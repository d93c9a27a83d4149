/** A unified diff in colours. */
import type { Style } from './style.ts';

/** The same text, painted line by line. */
export function paintDiff(diff: string, { green, red, cyan, bold }: Style): string {
  const painted = diff.split('\n').map((line) => {
    if (/^(diff|index|---|\+\+\+) /u.test(line)) return bold(line);
    if (line.startsWith('@@')) return cyan(line);
    if (line.startsWith('+')) return green(line);
    return line.startsWith('-') ? red(line) : line;
  });
  return painted.join('\n');
}
