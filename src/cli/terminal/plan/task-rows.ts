/** The tasks of a plan as rows: what each does, for whom, and what comes before it. */
import type { Style } from '../style.ts';
import { cutText } from '../text-width.ts';
import { count, firstLine, pathList, taskNumber } from '../wording.ts';
import type { PlanDifference, PlannedTask } from './plan-difference.ts';

const [MOST_TITLE, MOST_EXPECTS] = [56, 88];

/** Tasks as rows; of a changed plan `+`, `~` and `-` mark new, changed and dropped ones. */
export function taskRows(
  tasks: readonly PlannedTask[],
  difference: PlanDifference | undefined,
  style: Style,
): string[] {
  const { dim, green, yellow } = style;
  const kindWidth = Math.max(0, ...tasks.map(({ kind = '' }) => kind.length));
  const roleWidth = Math.max(0, ...tasks.map(({ role }) => role.length));
  const shown = tasks.flatMap((task) => {
    const { id, kind = '', role, title, writeSet, after = [], expects } = task;
    const isNew = difference?.added.includes(task) === true;
    const isChanged = difference?.changed.includes(task) === true;
    const mark = isNew ? green('+') : isChanged ? yellow('~') : ' ';
    const number = (taskNumber(id) ?? '?').padStart(3);
    const files = writeSet.length === 0 ? '' : `, ${count(writeSet.length, 'file')}`;
    const before = after.map((other) => taskNumber(other) ?? other);
    const waits = before.length === 0 ? '' : dim(`  after ${pathList(before, 8)}`);
    const kindText = kindWidth === 0 ? '' : `${kind.padEnd(kindWidth)}  `;
    const name = `${cutText(firstLine(title), MOST_TITLE)}${files}`;
    const row = ` ${mark} ${number}  ${kindText}${role.padEnd(roleWidth)}  ${name}${waits}`;
    if (expects === undefined) return [row];
    return [row, dim(`        ${cutText(`expects: ${firstLine(expects)}`, MOST_EXPECTS)}`)];
  });
  return difference === undefined ? shown : [...shown, ...differenceRows(difference, style)];
}

/** Tasks that the plan does without now, and paths that it writes more or fewer than before. */
function differenceRows(
  { dropped, morePaths, fewerPaths }: PlanDifference,
  { red }: Style,
): string[] {
  const paths = (what: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`  ${what}: ${pathList(names, 8)}`];
  return [
    ...dropped.map(({ id, title }) => {
      const number = (taskNumber(id) ?? '?').padStart(3);
      return ` ${red('-')} ${number}  ${cutText(firstLine(title), MOST_TITLE)}`;
    }),
    ...paths('may also write', morePaths),
    ...paths('leaves alone what it was to write', fewerPaths),
  ];
}
