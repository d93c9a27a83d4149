/** Shows a plan to a person: its tasks, what would change, what it costs, what proves it. */
import type { PlanContents } from '#supervisor/plan-contents.ts';
import type { MissionState, PlanState } from '#supervisor/mission-reducer.ts';
import type { PlannedPart } from '#supervisor/recipe.ts';
import type { NodeClient } from '../node-client.ts';
import { comparePlans } from './plan/plan-difference.ts';
import { priceText } from './plan/plan-price.ts';
import { taskRows } from './plan/task-rows.ts';
import type { Style } from './style.ts';
import { readData } from './read-data.ts';
import { cutText } from './text-width.ts';
import { checkName, count, firstLine, pathList } from './wording.ts';

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
    `  ${priceText(plan, shown.before)}`,
    `  ${checksText(plan)}`,
    isolationLine(plan, style),
    ...optionLines(options),
    ...plan.warnings.map((warning) => `  ${yellow('note')} ${warning}`),
    dim(`  plan ${plan.hash.slice(0, 16)}, base ${plan.base.slice(0, 10)}, ${plan.engine}`),
  ];
}

function isolationLine({ isolation }: PlanState, { dim, yellow }: Style): string {
  if (isolation !== 'none') return dim(`  isolation: ${isolation}`);
  const note = '(checks run as you, on your machine, without a sandbox)';
  return `  ${yellow('isolation: none')} ${dim(note)}`;
}

/** What the plan is about; of a changed one, instead of which, and why. */
export function headLines({ plan, before }: ShownPlan, { bold, yellow }: Style): string[] {
  if (plan.supersedes === undefined) return [bold(plan.summary)];
  const replaced = before === undefined ? '' : ` (instead of plan ${before.hash.slice(0, 10)})`;
  return [
    `${yellow('changed plan')}: ${bold(plan.summary)}${replaced}`,
    `  why: ${firstLine(plan.reason)}`,
  ];
}

/** The graph: every task with what it waits for; of a changed plan, what differs is marked. */
function taskLines({ plan, before, options }: ShownPlan, style: Style): string[] {
  const { jobs } = options;
  const atOnce = jobs === undefined ? '' : `, at most ${jobs} at once (--jobs)`;
  const shown = plan.tasks.slice(0, MOST_TASKS);
  const hidden = plan.tasks.length - shown.length;
  return [
    `  ${count(plan.tasks.length, 'task')}${atOnce}`,
    ...taskRows(shown, before && comparePlans(before, plan), style),
    ...(hidden > 0 ? [style.dim(`       ... and ${count(hidden, 'more task')}`)] : []),
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

/** The checks that prove it. */
export function checksText({ checks }: PlanState): string {
  const named = checks.map(({ name, command }) =>
    name === command ? checkName(name) : `${name} (${command})`,
  );
  return `checks: ${named.length === 0 ? 'none' : named.join(', ')}`;
}

/** Commands that change files: what they run, which files they may write and which lines. */
export const commandLines = ({
  commands = [],
}: PlanContents & { readonly commands?: readonly PlannedPart[] }): string[] =>
  commands.flatMap(({ command, paths }) =>
    command === undefined
      ? []
      : [
          `  command ${command.name}: ${command.command.trim().replaceAll('\n', '\n      ')}`,
          `    may write ${pathList(paths)}; only lines that match ${command.lines}`,
        ],
  );

/** The files with exact edits. */
export function fileLines({ edits }: PlanContents, { dim, cyan }: Style): string[] {
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
