/** Two missions side by side: the answer of `skein compare` as a table that fits the terminal. */
import type { ComparedFile, Comparison } from '#supervisor/history/compare/compare-missions.ts';
import type { MissionSide, SideTask } from '#supervisor/history/compare/mission-side.ts';
import type { SideFile } from '#supervisor/history/compare/side-result.ts';
import { PLAIN, type Style } from '../style.ts';
import { cutText, fitText, textWidth } from '../text-width.ts';
import { checkName, count, firstLine, short, size, taskNumber } from '../wording.ts';
import { decidedText, plannedText, runText, usedText } from './facts-text.ts';

/** A line of the table; a title has no cells. */
interface Row {
  readonly label: string;
  readonly cells?: readonly [string, string];
  readonly paint?: (text: string) => string;
  /** On so many lines a long cell may go on; absent = 1. */
  readonly lines?: number;
}

const MOST_LINES = 3;
const [MOST_TASKS, MOST_FILES, MOST_DECISIONS] = [40, 100, 40];

const GAP = '  ';

/** The table in at most `columns` columns. */
export function compareLines(comparison: Comparison, style: Style, columns: number): string[] {
  const { a, b } = comparison;
  const rows = [
    ...headRows(a, b, style),
    ...taskRows(a, b),
    ...fileRows(comparison, style),
    ...decisionRows(a, b),
    ...checkRows(a, b),
    ...costRows(a, b),
  ];
  const notes = [a, b].flatMap((side, at) =>
    notesOf(side).map((note) => style.yellow(`note ${at === 0 ? 'A' : 'B'}: ${note}`)),
  );
  return [...layOut(rows, columns), ...notes];
}

/** Labels share a quarter of the room at most: a longer one has a line of its own. */
function layOut(rows: readonly Row[], columns: number): string[] {
  const most = Math.max(12, Math.floor(columns / 4));
  const widths = rows
    .filter(({ cells }) => cells !== undefined)
    .map(({ label }) => textWidth(label));
  const labelColumns = Math.min(most, Math.max(...widths.filter((width) => width <= most), 0));
  const room = columns - labelColumns - 2 * GAP.length;
  const cellColumns = Math.max(8, Math.floor(room / 2));
  return rows.flatMap(({ label, cells, paint = String, lines = 1 }) => {
    if (cells === undefined) return [paint(cutText(label, columns))];
    const [left = [], right = []] = cells.map((cell) => foldText(cell, cellColumns, lines));
    const isLong = textWidth(label) > labelColumns;
    const body = Array.from({ length: Math.max(left.length, right.length) }, (_, at) => {
      const name = at === 0 && !isLong ? label : '';
      const first = `${fitText(name, labelColumns)}${GAP}${fitText(left[at] ?? '', cellColumns)}`;
      return paint(`${first}${GAP}${right[at] ?? ''}`.trimEnd());
    });
    return isLong ? [paint(cutText(label, columns)), ...body] : body;
  });
}

/** A text on at most `most` lines, broken between words; the last one is cut. */
export function foldText(text: string, columns: number, most: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (lines.length < most - 1 && textWidth(rest) > columns) {
    const words = rest.split(' ');
    let taken = Math.max(1, words.length - 1);
    while (taken > 1 && textWidth(words.slice(0, taken).join(' ')) > columns) taken -= 1;
    const line = words.slice(0, taken).join(' ');
    if (textWidth(line) > columns) break;
    lines.push(line);
    rest = words.slice(taken).join(' ');
  }
  return [...lines, cutText(rest, columns)];
}

const both = (
  [a, b]: readonly [MissionSide, MissionSide],
  label: string,
  text: (side: MissionSide) => string,
): Row => ({ label, cells: [text(a), text(b)] });

const NOTHING = '-';

function headRows(a: MissionSide, b: MissionSide, { bold }: Style): Row[] {
  const sides = [a, b] as const;
  const forkText = ({ forkOf }: MissionSide): string =>
    forkOf === null ? NOTHING : `${forkOf.mission} at ${forkOf.at}`;
  return [
    { label: '', cells: [`A  ${a.id}`, `B  ${b.id}`], paint: bold },
    both(sides, 'goal', ({ goal }) => firstLine(goal)),
    both(sides, 'status', ({ status }) => status),
    both(sides, 'submitted', ({ submittedAt }) => submittedAt.slice(0, 19).replace('T', ' ')),
    both(
      sides,
      'base',
      ({ base, branch }) => `${short(base)}${branch === null ? '' : ` on ${branch}`}`,
    ),
    ...(a.forkOf === null && b.forkOf === null ? [] : [both(sides, 'forked from', forkText)]),
    both(sides, 'options', optionText),
    both(sides, 'result', ({ gitCommit }) =>
      gitCommit === null ? NOTHING : `git commit ${short(gitCommit)}`,
    ),
  ];
}

function optionText({ options }: MissionSide): string {
  const { checks, merge, hooks, keepExports, jobs } = options;
  const said = [
    ...checks.map((check) => `--check ${check}`),
    ...(merge ? ['--merge'] : []),
    ...(hooks ? ['--hooks'] : []),
    ...(keepExports ? ['--keep-exports'] : []),
    ...(jobs === undefined ? [] : [`--jobs ${jobs}`]),
  ];
  return said.length === 0 ? NOTHING : said.join(' ');
}

function taskRows(a: MissionSide, b: MissionSide): Row[] {
  const planText = ({ plan }: MissionSide): string => {
    if (plan === null) return 'none yet';
    const changed = plan.plans > 1 ? `, changed ${timesText(plan.plans - 1)}` : '';
    return `${short(plan.hash)}: ${plan.summary}${changed}`;
  };
  const pairs = pairTasks(a.plan?.tasks ?? [], b.plan?.tasks ?? []);
  const rows = pairs.slice(0, MOST_TASKS).map(([left, right]): Row => {
    return { label: `  ${(left ?? right)?.kind}`, cells: [taskText(left), taskText(right)] };
  });
  return [both([a, b], 'plan', planText), ...rows, ...hidden(pairs.length - rows.length, 'task')];
}

const timesText = (times: number): string => (times === 1 ? 'once' : `${times} times`);

type TaskPair = readonly [SideTask | undefined, SideTask | undefined];

/**
 * Tasks that are the same but for their number, which a fork may count anew; then others of one kind,
 * in their order; then those that have no like in the other mission.
 */
export function pairTasks(a: readonly SideTask[], b: readonly SideTask[]): readonly TaskPair[] {
  const partners = new Map<SideTask, SideTask>();
  const open = new Set(b);
  const isSame = (one: SideTask, other: SideTask): boolean =>
    isAlike(one, other) && one.title === other.title;
  for (const fits of [isSame, isAlike]) {
    for (const task of a) {
      const partner = partners.has(task)
        ? undefined
        : open.values().find((each) => fits(task, each));
      if (partner === undefined) continue;
      partners.set(task, partner);
      open.delete(partner);
    }
  }
  return [
    ...a.map((task): TaskPair => [task, partners.get(task)]),
    ...open.values().map((task): TaskPair => [undefined, task]),
  ];
}

const isAlike = (one: SideTask, other: SideTask): boolean =>
  one.kind === other.kind && one.role === other.role;

function taskText(task: SideTask | undefined): string {
  if (task === undefined) return NOTHING;
  const { id, status, role, title, files } = task;
  const paths = files === 0 ? '' : `, ${count(files, 'file')}`;
  return `${taskNumber(id) ?? id} ${status}  ${role}: ${firstLine(title)}${paths}`;
}

const hidden = (amount: number, noun: string): Row[] =>
  amount > 0 ? [{ label: `  ... and ${count(amount, `more ${noun}`)}` }] : [];

function fileRows({ a, b, files }: Comparison, { dim }: Style): Row[] {
  const same = files.filter((file) => file.same).length;
  const summary = both([a, b], 'files', ({ result }) => {
    const { state, files: changed } = result;
    return state === 'none' ? 'none' : `${changed.length} ${state}, ${same} the same in both`;
  });
  const rows = files.slice(0, MOST_FILES).map((file): Row => {
    const cells = [fileText(file.a), file.same ? 'the same' : fileText(file.b)] as const;
    return { label: `${markOf(file)} ${file.path}`, cells, ...(file.same ? { paint: dim } : {}) };
  });
  return [summary, ...rows, ...hidden(files.length - rows.length, 'file')];
}

/** `=` the same, `~` another content, `<` and `>` changed by one only. */
function markOf({ a, b, same }: ComparedFile): string {
  if (same) return '=';
  if (a === null) return '>';
  return b === null ? '<' : '~';
}

function fileText(file: SideFile | null): string {
  if (file === null) return 'as it was';
  if (file.added === null || file.removed === null) return 'changed';
  return `+${file.added} -${file.removed}`;
}

/** Decisions one under the other: what has no partner stands beside nothing. */
function decisionRows(a: MissionSide, b: MissionSide): Row[] {
  const texts = [a, b].map(({ decisions }) => decisions.map((event) => decidedText(event, PLAIN)));
  const [ofA = [], ofB = []] = texts;
  const most = Math.max(ofA.length, ofB.length);
  const rows = Array.from({ length: Math.min(most, MOST_DECISIONS) }, (_, at): Row => {
    return { label: '', cells: [ofA[at] ?? '', ofB[at] ?? ''], lines: MOST_LINES };
  });
  const summary = both([a, b], 'decisions', ({ decisions }) => String(decisions.length));
  return [summary, ...rows, ...hidden(most - rows.length, 'decision')];
}

function checkRows(a: MissionSide, b: MissionSide): Row[] {
  const names = new Set([...a.checks, ...b.checks].map(({ name }) => name));
  return [...names].flatMap((name): Row[] => {
    const of = ({ checks }: MissionSide) => checks.find((check) => check.name === name);
    const phase = (which: 'base' | 'change') => (side: MissionSide) =>
      runText(of(side)?.[which] ?? null);
    const sides = [a, b] as const;
    return [
      both(sides, `check ${checkName(name)}`, (side) => of(side)?.comparison ?? NOTHING),
      both(sides, '  on the base', phase('base')),
      both(sides, '  on the change', phase('change')),
    ];
  });
}

function costRows(a: MissionSide, b: MissionSide): Row[] {
  const sides = [a, b] as const;
  return [
    both(sides, 'price planned', ({ price }) => plannedText(price)),
    both(sides, 'price used', ({ price }) => usedText(price)),
    both(sides, 'on record', ({ size: { events, eventBytes, blobs, blobBytes } }) => {
      const contents = count(blobs, 'content');
      return `${count(events, 'event')} (${size(eventBytes)}), ${contents} (${size(blobBytes)})`;
    }),
  ];
}

function notesOf({ result, size: { unreadable }, pruned }: MissionSide): readonly string[] {
  const when = pruned === null ? 'and no pruning explains it' : `pruned on ${pruned.time}`;
  return [
    ...result.notes,
    ...(unreadable === 0
      ? []
      : [`${unreadable} events are not here, ${when}: what they said is left out.`]),
  ];
}
