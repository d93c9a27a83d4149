/** Shows a plan to a person: what would change, what it costs, what proves it, what is unusual. */
import type { PlanContents } from '#supervisor/plan-contents.ts';
import type { MissionState, PlanState } from '#supervisor/mission-reducer.ts';
import type { NodeClient } from '../node-client.ts';
import type { Style } from './style.ts';
import { readData } from './read-data.ts';

const MOST_FILES = 20;
const MOST_LISTED = 8;
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

/** A plan, and what was asked for besides its goal. */
export interface ShownPlan {
  readonly plan: PlanState;
  readonly options: MissionState['options'];
}

/** The plan as lines of text. */
export function planLines(
  { plan, options }: ShownPlan,
  contents: PlanContents,
  style: Style,
): string[] {
  const { bold, dim, yellow } = style;
  return [
    bold(plan.summary),
    ...fileLines(contents, style),
    ...listedLines(contents, style),
    `  price: ${plan.price.files} files, ${plan.price.changes} changes, no model is asked (0.00 USD), ${timeText(plan.price.timeMs)}`,
    `  checks: ${plan.checks.length === 0 ? 'none' : plan.checks.map(({ name, command }) => (name === command ? name : `${name} (${command})`)).join(', ')}`,
    `  ${yellow(`isolation: ${plan.isolation}`)} ${dim('(checks run as you, on your machine, without a sandbox)')}`,
    ...optionLines(options),
    ...plan.warnings.map((warning) => `  ${yellow('note')} ${warning}`),
    dim(`  plan ${plan.hash.slice(0, 16)}, base ${plan.base.slice(0, 10)}, ${plan.engine}`),
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

const timeText = (timeMs: number | null): string =>
  timeMs === null
    ? 'time unknown (first mission here)'
    : `about ${(timeMs / 1000).toFixed(0)} s (median of earlier missions here)`;

function fileLines({ edits }: PlanContents, { dim, cyan }: Style): string[] {
  const shown = edits.slice(0, MOST_FILES).map(({ path, changes, lines }) => {
    const places = lines.slice(0, 8).join(', ') + (lines.length > 8 ? ', ...' : '');
    return `  ${cyan(path)} ${dim(`${changes} change${changes === 1 ? '' : 's'}, line ${places}`)}`;
  });
  return edits.length > MOST_FILES
    ? [...shown, dim(`  ... and ${edits.length - MOST_FILES} more files`)]
    : shown;
}

const shorten = (text: string): string =>
  text.length > MOST_COLUMNS ? `${text.slice(0, MOST_COLUMNS - 3)}...` : text;

/** Whole words that stay: strings, comments, other symbols. A person should look at them. */
function listedLines({ listed }: PlanContents, { dim }: Style): string[] {
  if (listed.length === 0) return [];
  const kinds = new Map<string, number>();
  for (const { class: kind } of listed) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const total = Array.from(kinds, ([kind, amount]) => `${amount} ${kind}`).join(', ');
  const shown = listed
    .slice(0, MOST_LISTED)
    .map(({ path, line, class: kind, preview }) =>
      dim(`    ${shorten(`${path}:${line} ${kind}: ${preview}`)}`),
    );
  const rest =
    listed.length > MOST_LISTED ? [dim(`    ... and ${listed.length - MOST_LISTED} more`)] : [];
  return [`  stays as it is: ${total}`, ...shown, ...rest];
}
