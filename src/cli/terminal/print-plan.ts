/** Shows a plan to a person: its tasks, what would change, what it costs, what proves it. */
import type { PlanContents } from '#supervisor/plan-contents.ts';
import type { MissionState, PlanState } from '#supervisor/mission-reducer.ts';
import type { PlannedPart } from '#supervisor/recipe.ts';
import type { NodeClient } from '../node-client.ts';
import {
  comparePlans,
  comparePrices,
  type PlanDifference,
  type PlannedTask,
} from './plan-difference.ts';
import type { Style } from './style.ts';
import { readData } from './read-data.ts';
import { cutText } from './text-width.ts';
import { checkName, count, firstLine, pathList, taskNumber } from './wording.ts';

const MOST_FILES = 20;
const MOST_LISTED = 8;
const MOST_TASKS = 30;
const MOST_COLUMNS = 96;

/** The exact edits and the words left alone, as the plan's blob holds them. */
export async function fetchContents(
  client: NodeClient,
  space: string,
  plan: PlanState,
): Promise<PlanContents> {
  const bytes = await client.bytes(`/v1/blobs/${plan.contents.hash}?space=${space}`);
  return readData(bytes.toString('utf8')) as PlanContents;
}

/** A plan, what was asked for besides its goal, and the plan that it changes, when it does. */
export interface ShownPlan {
  readonly plan: PlanState;
  readonly options: MissionState['options'];
  readonly before?: PlanState | undefined;
}

/** The plan as lines of text. */
export function planLines(shown: ShownPlan, contents: PlanContents, style: Style): string[] {
  const { plan, options } = shown;
  const { dim, yellow } = style;
  return [
    ...headLines(shown, style),
    ...taskLines(shown, style),
    ...commandLines(contents),
    ...fileLines(contents, style),
    ...listedLines(contents, style),
    `  ${priceText(shown)}`,
    `  ${checksText(plan)}`,
    `  ${yellow(`isolation: ${plan.isolation}`)} ${dim('(checks run as you, on your machine, without a sandbox)')}`,
    ...optionLines(options),
    ...plan.warnings.map((warning) => `  ${yellow('note')} ${warning}`),
    dim(`  plan ${plan.hash.slice(0, 16)}, base ${plan.base.slice(0, 10)}, ${plan.engine}`),
  ];
}

/** Only what a changed plan does otherwise: for one that is adopted without a new answer. */
export function changeLines({ plan, before }: ShownPlan, style: Style): string[] {
  if (before === undefined) return [];
  const difference = comparePlans(before, plan);
  const marked = new Set([...difference.added, ...difference.changed]);
  const tasks = plan.tasks.filter((task) => marked.has(task));
  return [
    ...rows(tasks, difference, style),
    ...droppedLines(difference, style),
    ...pathLines(difference),
    `  ${priceText({ plan, before })}`,
  ];
}

function headLines({ plan, before }: ShownPlan, { bold, yellow }: Style): string[] {
  if (plan.supersedes === undefined) return [bold(plan.summary)];
  const replaced = before === undefined ? '' : ` (instead of plan ${before.hash.slice(0, 10)})`;
  return [
    `${yellow('changed plan')}: ${bold(plan.summary)}${replaced}`,
    `  why: ${firstLine(plan.reason)}`,
  ];
}

/** The graph: every task with what it waits for; of a changed plan, `+`, `~` and `-` mark changes. */
function taskLines({ plan, before, options }: ShownPlan, style: Style): string[] {
  const difference = before === undefined ? undefined : comparePlans(before, plan);
  const { jobs } = options;
  const atOnce = jobs === undefined ? '' : `, at most ${jobs} at once (--jobs)`;
  const shown = plan.tasks.slice(0, MOST_TASKS);
  const hidden = plan.tasks.length - shown.length;
  return [
    `  ${count(plan.tasks.length, 'task')}${atOnce}`,
    ...rows(shown, difference, style),
    ...(hidden > 0
      ? [style.dim(`       ... and ${count(hidden, 'more task', 'more tasks')}`)]
      : []),
    ...(difference === undefined ? [] : droppedLines(difference, style)),
    ...(difference === undefined ? [] : pathLines(difference)),
  ];
}

/** Tasks as a table: mark, number, kind, role, title with its files, what comes before. */
function rows(
  tasks: readonly PlannedTask[],
  difference: PlanDifference | undefined,
  { dim, green, yellow }: Style,
): string[] {
  const kindWidth = Math.max(0, ...tasks.map(({ kind = '' }) => kind.length));
  const roleWidth = Math.max(0, ...tasks.map(({ role }) => role.length));
  return tasks.flatMap((task) => {
    const { id, kind = '', role, title, writeSet, after = [], expects } = task;
    const isNew = difference?.added.includes(task) === true;
    const isChanged = difference?.changed.includes(task) === true;
    const mark = isNew ? green('+') : isChanged ? yellow('~') : ' ';
    const number = (taskNumber(id) ?? '?').padStart(3);
    const files = writeSet.length === 0 ? '' : `, ${count(writeSet.length, 'file')}`;
    const before = after.map((other) => taskNumber(other) ?? other);
    const waits = before.length === 0 ? '' : dim(`  after ${pathList(before, 8)}`);
    const kindText = kindWidth === 0 ? '' : `${kind.padEnd(kindWidth)}  `;
    const name = `${cutText(firstLine(title), MOST_COLUMNS - 40)}${files}`;
    const row = ` ${mark} ${number}  ${kindText}${role.padEnd(roleWidth)}  ${name}${waits}`;
    if (expects === undefined) return [row];
    return [row, dim(`        ${cutText(`expects: ${firstLine(expects)}`, MOST_COLUMNS - 8)}`)];
  });
}

const droppedLines = ({ dropped }: PlanDifference, { red }: Style): string[] =>
  dropped.map(({ id, title }) => ` ${red('-')} ${(taskNumber(id) ?? '?').padStart(3)}  ${title}`);

function pathLines({ morePaths, fewerPaths }: PlanDifference): string[] {
  const line = (what: string, paths: readonly string[]): string[] =>
    paths.length === 0 ? [] : [`  ${what}: ${pathList(paths, 8)}`];
  return [
    ...line('may also write', morePaths),
    ...line('leaves alone what it was to write', fewerPaths),
  ];
}

/** What was asked for besides the goal: it is part of what a person says yes to. */
function optionLines({ merge, hooks, keepExports }: MissionState['options']): string[] {
  return [
    ...(merge
      ? ['  at the end your branch is fast-forwarded, when it is clean and unmoved (--merge)']
      : []),
    ...(hooks ? ["  the repository's commit hooks run as checks (--hooks)"] : []),
    ...(keepExports ? ['  exports keep an alias of the old name (--keep-exports)'] : []),
  ];
}

const USD = 1e6;

/** The price; of a changed plan with what it is more or less than before. */
function priceText({ plan: { price }, before }: Pick<ShownPlan, 'plan' | 'before'>): string {
  const more = before && comparePrices(before.price, price);
  const money = `${usd(price.money)} USD${signed(more?.money, usd)}`;
  return [
    `price: ${count(price.files, 'file')}${signed(more?.files)}`,
    `${count(price.changes, 'change')}${signed(more?.changes)}`,
    `${timeText(price.timeMs)}${signed(roundSeconds(more?.timeMs), durationText)}`,
    price.money === 0 ? `no model is asked (${money})` : money,
  ].join(', ');
}

/** A difference with its sign, in brackets; empty when there is none. */
const signed = (
  difference: number | null | undefined,
  show: (amount: number) => string = String,
): string =>
  (difference ?? 0) === 0
    ? ''
    : ` (${Number(difference) > 0 ? '+' : '-'}${show(Math.abs(Number(difference)))})`;

/** A difference of less than half a second is none. */
const roundSeconds = (timeMs: number | null | undefined): number =>
  Math.round((timeMs ?? 0) / 1000) * 1000;

const usd = (money: number): string => (money / USD).toFixed(2);

const durationText = (timeMs: number): string =>
  timeMs < 120_000 ? `${(timeMs / 1000).toFixed(0)} s` : `${(timeMs / 60_000).toFixed(0)} min`;

const timeText = (timeMs: number | null): string =>
  timeMs === null
    ? 'time unknown (first mission here)'
    : `about ${durationText(timeMs)} (median of earlier missions here)`;

function checksText({ checks }: PlanState): string {
  const named = checks.map(({ name, command }) =>
    name === command ? checkName(name) : `${name} (${command})`,
  );
  return `checks: ${named.length === 0 ? 'none' : named.join(', ')}`;
}

/** Commands that change files: what they run, and which lines they may touch. */
const commandLines = ({
  commands = [],
}: PlanContents & { readonly commands?: readonly PlannedPart[] }): string[] =>
  commands.flatMap(({ command }) =>
    command === undefined
      ? []
      : [`  command ${command.name}: ${command.command}  (only lines that match ${command.lines})`],
  );

function fileLines({ edits }: PlanContents, { dim, cyan }: Style): string[] {
  const shown = edits.slice(0, MOST_FILES).map(({ path, changes, lines }) => {
    const places = lines.slice(0, 8).join(', ') + (lines.length > 8 ? ', ...' : '');
    const where = lines.length === 1 ? 'line' : 'lines';
    return `    ${cyan(path)} ${dim(`${count(changes, 'change')}${places === '' ? '' : `, ${where} ${places}`}`)}`;
  });
  const hidden = edits.length - shown.length;
  const rest = hidden > 0 ? [dim(`    ... and ${count(hidden, 'more file')}`)] : [];
  return edits.length === 0 ? [] : [`  ${count(edits.length, 'file')}`, ...shown, ...rest];
}

/** Whole words that stay: strings, comments, other symbols. A person should look at them. */
function listedLines({ listed }: PlanContents, { dim }: Style): string[] {
  if (listed.length === 0) return [];
  const kinds = new Map<string, number>();
  for (const { class: kind } of listed) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const total = Array.from(kinds, ([kind, amount]) => `${amount} ${kind}`).join(', ');
  const shown = listed
    .slice(0, MOST_LISTED)
    .map(({ path, line, class: kind, preview }) =>
      dim(`    ${cutText(`${path}:${line} ${kind}: ${preview}`, MOST_COLUMNS)}`),
    );
  const hidden = listed.length - shown.length;
  const rest = hidden > 0 ? [dim(`    ... and ${hidden} more`)] : [];
  return [`  stays as it is: ${total}`, ...shown, ...rest];
}
