/** What a run gave, as an agent reads it: short, with the id under which all of it can be found. */
import type { RunLine } from '#api/sandbox-door.ts';

/** An agent pays for each character that it reads. */
const MOST_OUTPUT = 16_000;
const MOST_ERRORS = 4_000;
const MOST_DIFF = 8_000;

/** The text of the answer. */
export function resultText({ run, result, diff }: Extract<RunLine, { type: 'finished' }>): string {
  const { status, exitCode, stdout, stderr, value, changed, refused } = result;
  const code = exitCode === null || status === 'ok' ? '' : `, exit code ${exitCode}`;
  const parts = [
    ...(stdout.text === '' ? [] : [cut(stdout.text, MOST_OUTPUT)]),
    ...(value === null ? [] : [`value: ${cut(value, MOST_OUTPUT)}`]),
    ...(stderr.text === '' ? [] : [`stderr:\n${cut(stderr.text, MOST_ERRORS)}`]),
    ...(changed.length === 0
      ? []
      : [
          `changed (copies): ${changed
            .map(({ path }) => path)
            .slice(0, 50)
            .join(', ')}`,
        ]),
    ...(diff === '' ? [] : [cut(diff, MOST_DIFF)]),
    ...(refused.length === 0
      ? []
      : [
          `not taken: ${refused
            .map(({ path }) => path)
            .slice(0, 20)
            .join(', ')}`,
        ]),
    `[${status}${code}; run ${run}]`,
  ];
  return parts.join('\n');
}

/** Its beginning and its end, when it is too long. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  const left = text.length - 2 * half;
  return `${text.slice(0, half)}\n[${left} characters are left out]\n${text.slice(-half)}`;
}
