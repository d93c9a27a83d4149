/** Shows what a changed plan does otherwise than the one before: what a new answer is about. */
import type { PlanContents } from '#supervisor/plan-contents.ts';
import { whyAsk } from '#supervisor/plan-decider.ts';
import type { PlanState } from '#supervisor/mission-reducer.ts';
import { checksText, commandLines, fileLines, headLines, type ShownPlan } from '../print-plan.ts';
import type { Style } from '../style.ts';
import { count } from '../wording.ts';
import { comparePlans } from './plan-difference.ts';
import { priceText } from './plan-price.ts';
import { taskRows } from './task-rows.ts';

/** A plan that is shown beside the one it changes. */
export interface ShownChange extends ShownPlan {
  readonly before: PlanState;
}

/** The difference as lines of text: tasks, files, price, and what else is new. */
export function changeLines(shown: ShownChange, contents: PlanContents, style: Style): string[] {
  const { plan, before } = shown;
  const { dim, yellow } = style;
  const difference = comparePlans(before, plan);
  const marked = plan.tasks.filter(
    (task) => difference.added.includes(task) || difference.changed.includes(task),
  );
  const why = whyAsk(before, plan);
  const known = new Set(before.warnings);
  return [
    ...headLines(shown, style),
    ...(why === undefined ? [] : [`  it needs a new answer: ${why}`]),
    `  ${marked.length} of ${count(plan.tasks.length, 'task')} ${marked.length === 1 ? 'is' : 'are'} new or changed`,
    ...taskRows(marked, difference, style),
    ...ownLines(marked, contents, style),
    `  ${priceText(plan, before)}`,
    ...(checksText(plan) === checksText(before) ? [] : [`  ${checksText(plan)}`]),
    ...plan.warnings
      .filter((warning) => !known.has(warning))
      .map((warning) => `  ${yellow('note')} ${warning}`),
    dim(`  plan ${plan.hash.slice(0, 16)}; all of it: skein show`),
  ];
}

/** The files and commands of these tasks. */
function ownLines(tasks: PlanState['tasks'], contents: PlanContents, style: Style): string[] {
  const paths = new Set(tasks.flatMap(({ writeSet }) => writeSet));
  const edits = contents.edits.filter(({ path }) => paths.has(path));
  return [...commandLines(contents), ...fileLines({ ...contents, edits }, style)];
}
