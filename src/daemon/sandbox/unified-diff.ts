/** The unified diff of files that a run has changed: for people to read, and for `git apply`. */
import { isUtf8 } from 'node:buffer';
import { diff } from 'node:util';

/** A file before and after; null where there is none. */
export interface FileChange {
  readonly path: string;
  readonly before: Uint8Array | null;
  readonly after: Uint8Array | null;
}

/** Lines that stay the same around a change. */
const CONTEXT = 3;

/** Above so many lines that may differ nobody looks for which of them stayed the same. */
const MOST_COMPARED = 1_500;

/** The longest file of which a diff is made. */
const MOST_BYTES = 512 * 1024;

/** The most that is made of one run's changes. */
const MOST_DIFF_BYTES = 1024 * 1024;

type Line = readonly [sign: ' ' | '-' | '+', text: string];

/** The diff of all files; it ends with a line that says so when it would be too long. */
export function unifiedDiff(changes: readonly FileChange[]): string {
  let text = '';
  for (const change of changes) {
    const next = fileDiff(change);
    if (text.length + next.length > MOST_DIFF_BYTES) {
      return `${text}# The rest is left out: it is more than ${MOST_DIFF_BYTES} bytes.\n`;
    }
    text += next;
  }
  return text;
}

function fileDiff({ path, before, after }: FileChange): string {
  const [left, right] = [quoted(`a/${path}`), quoted(`b/${path}`)];
  const head = [`diff --git ${left} ${right}`];
  if (before === null) head.push('new file mode 100644');
  if (after === null) head.push('deleted file mode 100644');
  const names = [before === null ? '/dev/null' : left, after === null ? '/dev/null' : right];
  if (!isText(before) || !isText(after)) {
    return `${[...head, `Binary files ${names.join(' and ')} differ`].join('\n')}\n`;
  }
  const lines = compare(linesOf(before), linesOf(after));
  const body = hunksOf(lines);
  if (body === '') return `${head.join('\n')}\n`;
  return `${[...head, `--- ${names[0]}`, `+++ ${names[1]}`].join('\n')}\n${body}`;
}

const isText = (content: Uint8Array | null): boolean =>
  content === null ||
  (content.length <= MOST_BYTES && isUtf8(content) && !Buffer.from(content).includes(0));

/** Quoted as git does it: a name may hold a newline, and nothing in it may look like a line. */
const quoted = (path: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u001f"\\\u007f]/u.test(path) ? JSON.stringify(path) : path;

/** Each line with its end; the last one may have none. */
const linesOf = (content: Uint8Array | null): readonly string[] =>
  content === null
    ? []
    : (Buffer.from(content)
        .toString('utf8')
        .match(/[^\n]*\n|[^\n]+/gu) ?? []);

function compare(before: readonly string[], after: readonly string[]): readonly Line[] {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const same = (lines: readonly string[]): Line[] => lines.map((text) => [' ', text]);
  const [old, fresh] = [
    before.slice(start, before.length - end),
    after.slice(start, after.length - end),
  ];
  return [
    ...same(before.slice(0, start)),
    ...compareMiddle(old, fresh),
    ...same(before.slice(before.length - end)),
  ];
}

function compareMiddle(old: readonly string[], fresh: readonly string[]): readonly Line[] {
  if (old.length + fresh.length > MOST_COMPARED || old.length === 0 || fresh.length === 0) {
    return [...old.map((text): Line => ['-', text]), ...fresh.map((text): Line => ['+', text])];
  }
  const SIGNS = { '-1': '-', '0': ' ', '1': '+' } as const;
  // node:util says what the first has and the second lacks with 1.
  const lines = diff([...fresh], [...old]).map(([operation, text]): Line => [
    SIGNS[`${operation as -1 | 0 | 1}`],
    text,
  ]);
  return oldFirst(lines);
}

/** As people read it: of lines that changed together, what was there stands first. */
function oldFirst(lines: readonly Line[]): readonly Line[] {
  const sorted: Line[] = [];
  let added: Line[] = [];
  for (const line of lines) {
    if (line[0] === '+') added.push(line);
    else if (line[0] === '-') sorted.push(line);
    else {
      sorted.push(...added, line);
      added = [];
    }
  }
  return [...sorted, ...added];
}

function hunksOf(lines: readonly Line[]): string {
  const changed = lines.flatMap(([sign], place) => (sign === ' ' ? [] : [place]));
  const ranges: { from: number; to: number }[] = [];
  for (const place of changed) {
    const last = ranges.at(-1);
    if (last !== undefined && place - last.to <= 2 * CONTEXT + 1) last.to = place;
    else ranges.push({ from: place, to: place });
  }
  return ranges
    .map(({ from, to }) => {
      const [first, end] = [Math.max(0, from - CONTEXT), Math.min(lines.length, to + CONTEXT + 1)];
      return hunk(lines, first, end);
    })
    .join('');
}

function hunk(lines: readonly Line[], first: number, end: number): string {
  const part = lines.slice(first, end);
  const side = (sign: '-' | '+'): string => {
    const other = sign === '-' ? '+' : '-';
    const before = lines.slice(0, first).filter(([each]) => each !== other).length;
    const length = part.filter(([each]) => each !== other).length;
    return `${sign}${length === 0 ? before : before + 1},${length}`;
  };
  const body = part.map(([sign, text]) =>
    text.endsWith('\n') ? `${sign}${text}` : `${sign}${text}\n\\ No newline at end of file\n`,
  );
  return `@@ ${side('-')} ${side('+')} @@\n${body.join('')}`;
}
