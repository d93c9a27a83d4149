/**
 * Matches lines against a pattern that somebody else wrote. Such a pattern may need longer than the
 * universe lasts for a line of forty letters, so it is stopped by a limit on time.
 */
import { runInNewContext } from 'node:vm';
import { SkeinError } from '#protocol/errors.ts';

/** The places of the lines that do not match. */
export type LineMatcher = (lines: readonly string[]) => readonly number[];

/** A longer line is taken for one that does not match. */
export const MAX_LINE_CHARACTERS = 10_000;

const TIMEOUT_MS = 1_000;

/** A node that was frozen meanwhile lost its time and not by the pattern's fault: once more. */
const ATTEMPTS = 2;

/**
 * A matcher for `pattern`, a regular expression (flag `u`) that a line must hold somewhere: `^` and
 * `$` bind it to the whole line. Lines are given without their ends. Throws `pattern-invalid` when
 * it can't be read, and from the matcher when it takes longer than `timeoutMs`.
 */
export function makeLineMatcher(pattern: string, timeoutMs = TIMEOUT_MS): LineMatcher {
  const expression = compile(pattern);
  return (lines) => {
    const unmatched: number[] = [];
    let at = 0;
    const work = (): void => {
      for (; at < lines.length; at += 1) {
        const line = lines[at] ?? '';
        if (line.length > MAX_LINE_CHARACTERS || !expression.test(line)) unmatched.push(at);
      }
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        runInNewContext('work()', { work }, { timeout: timeoutMs });
        return unmatched;
      } catch (cause) {
        if (attempt === ATTEMPTS) throw tooSlow(pattern, lines[at] ?? '', cause);
      }
    }
  };
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch (cause) {
    const message = `Cannot read the pattern ${JSON.stringify(pattern)}: it is no expression`;
    throw new SkeinError('pattern-invalid', message, { cause });
  }
}

const tooSlow = (pattern: string, line: string, cause: unknown): SkeinError =>
  new SkeinError(
    'pattern-invalid',
    `Cannot match the pattern ${JSON.stringify(pattern)}: it takes too long for a line`,
    {
      fix: 'Write it without nested repetitions such as (a+)+, and bind it with ^ and $.',
      details: { line: line.slice(0, 200) },
      cause,
    },
  );
