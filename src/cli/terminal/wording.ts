/** Small phrases that everything shown to a person is made of: counts, times, names of tasks. */

/** A value of an event as text; what is absent is empty. */
export const word = (value: unknown): string =>
  typeof value === 'string' ? value : String(value ?? '');

/** A value as a list; what is none is empty. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Long texts are shown in full where they are reported; elsewhere their first line stands. */
export const firstLine = (value: unknown): string => word(value).split('\n', 1)[0] ?? '';

/** The beginning of a hash: enough to recognise it. */
export const short = (id: unknown): string => word(id).slice(0, 10);

/** Milliseconds as seconds with a tenth. */
export const seconds = (ms: unknown): string => `${(Number(ms) / 1000).toFixed(1)} s`;

/** Bytes as a person reads them: `812 B`, `4.1 kB`, `3.2 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `1 file`, `2 files`; `plural` where it is not made with an s. */
export const count = (amount: number, noun: string, plural = `${noun}s`): string =>
  `${amount} ${amount === 1 ? noun : plural}`;

/** The number of a task, from its id `<mission>.<n>` or from that of its lease `<mission>.<n>.<v>`. */
export const taskNumber = (id: unknown): string | undefined =>
  /^[^.]+\.(\d+)(?:\.|$)/u.exec(word(id))?.[1];

/** A task as a person calls it: `task 3`; an id of another form is shown as it is. */
export const taskName = (id: unknown): string => `task ${taskNumber(id) ?? short(id)}`;

/** Paths in one line: the first ones, and how many more there are. */
export function pathList(paths: readonly unknown[], most = 3): string {
  const shown = paths.slice(0, most).map(word).join(', ');
  return paths.length > most ? `${shown} and ${paths.length - most} more` : shown;
}

const MOST_NAME = 60;

/** A check may be named by its command line, which may be long. */
export function checkName(name: string): string {
  const line = name.replace(/\s+/gu, ' ');
  return line.length > MOST_NAME ? `${line.slice(0, MOST_NAME - 3)}...` : line;
}
