/** The live block as lines: what fits of a mission into so many rows and columns. Pure. */
import { agentName, type LiveModel, type LiveNews, type LiveTask } from './live-model.ts';
import type { Style } from './style.ts';
import { cutText, fitText, textWidth } from './text-width.ts';
import { count } from './wording.ts';

/** A terminal's size, and what time it is (milliseconds since 1970). */
export interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
}

/** Below these a block would hide more than it shows: then only the story is told. */
const [LEAST_COLUMNS, LEAST_ROWS] = [36, 10];
const MOST_ROWS = 20;
/** Wider rows are hard to read, and wrap when the terminal is made narrower. */
const MOST_COLUMNS = 79;
const LABEL_COLUMNS = 11;
const STATE_COLUMNS = 13;

/** The lines of the block, each narrower than the terminal; none when the terminal is too small. */
export function liveLines(model: LiveModel, frame: Frame, style: Style): string[] {
  const { columns, rows } = frame;
  if (columns < LEAST_COLUMNS || rows < LEAST_ROWS) return [];
  // A line that fills its row would leave the cursor between two rows.
  const width = Math.min(columns - 1, MOST_COLUMNS);
  const sections = [
    agentRows(model, frame),
    taskRows(model, frame),
    newsRows(model),
    leaseRows(model),
  ];
  // At most half of the screen, with the head and the empty row above it.
  const room = Math.min(MOST_ROWS, Math.floor(rows / 2)) - 2;
  const shares = shareRows(
    sections.map(({ length }) => length),
    room,
  );
  const shown = sections.flatMap((section, index) => cutRows(section, shares[index] ?? 0));
  return [
    headLine(model, { ...frame, columns: width }, style),
    ...shown.map((row) => rowText(row, width, style)),
  ];
}

/** A row: its label, what it says, and at its right end how long that has been so. */
interface Row {
  readonly label: string;
  readonly text: string;
  readonly time?: string;
  readonly paint?: keyof Style | undefined;
}

function rowText({ label, text, time = '', paint }: Row, width: number, style: Style): string {
  const right = time === '' ? '' : ` ${time}`;
  const room = width - LABEL_COLUMNS - right.length;
  const left = paint === undefined ? text : style[paint](text);
  return `${style.dim(fitText(label, LABEL_COLUMNS - 1))} ${right === '' ? cutText(left, room) : fitText(left, room)}${style.dim(right)}`;
}

/** Rows in turn for every section that wants more, so that none pushes another out. */
function shareRows(wanted: readonly number[], room: number): number[] {
  const shares = wanted.map(() => 0);
  let left = room;
  for (let given = true; given && left > 0;) {
    given = false;
    for (const [index, most] of wanted.entries()) {
      const share = shares[index] ?? 0;
      if (share >= most || left === 0) continue;
      shares[index] = share + 1;
      left -= 1;
      given = true;
    }
  }
  return shares;
}

/** The first rows; the last one says how many did not fit. */
function cutRows(rows: readonly Row[], most: number): readonly Row[] {
  if (rows.length <= most || most === 0) return rows.slice(0, most);
  if (most === 1) return rows.slice(0, 1);
  const hidden = rows.length - most + 1;
  return [...rows.slice(0, most - 1), { label: '', text: `... and ${hidden} more` }];
}

function headLine(model: LiveModel, { columns, nowMs }: Frame, { bold, dim }: Style): string {
  const tasks = [...model.tasks.values()];
  const done = tasks.filter(({ state }) => state === 'done').length;
  const wanted = tasks.filter(({ state }) => state !== 'dropped').length;
  const words = {
    planning: 'planning',
    waiting: 'its plan waits for an answer',
    'at work': 'at work',
    ended: 'ended',
  }[model.state];
  const facts = [
    bold(words),
    ...(wanted === 0 ? [] : [`${done} of ${count(wanted, 'task')} done`]),
    elapsed(model.since, nowMs),
  ];
  const text = cutText(`--- ${facts.join(', ')} `, columns);
  return text + dim('-'.repeat(Math.max(0, columns - textWidth(text))));
}

/** Since when, as `m:ss` or `h:mm:ss`; nothing for a clock that was set back. */
export function elapsed(since: string, nowMs: number): string {
  const total = Math.max(0, Math.floor((nowMs - Date.parse(since)) / 1000));
  if (!Number.isFinite(total)) return '0:00';
  const [hours, minutes, rest] = [
    Math.floor(total / 3600),
    Math.floor(total / 60) % 60,
    total % 60,
  ];
  const twoDigits = (part: number): string => String(part).padStart(2, '0');
  if (hours === 0) return `${minutes}:${twoDigits(rest)}`;
  return `${hours}:${twoDigits(minutes)}:${twoDigits(rest)}`;
}

/** coder-10 after coder-2. */
const byNumber = new Intl.Collator('en', { numeric: true });

/** Who is at work with what they do; who is not, in one row. */
function agentRows(model: LiveModel, { nowMs }: Frame): Row[] {
  const names = [...model.agents.keys()].sort(byNumber.compare);
  const effects = [...model.effects.values()];
  const idle: string[] = [];
  const rows: Row[] = [];
  for (const name of names) {
    const { task, since } = model.agents.get(name) ?? { task: null, since: '' };
    const effect = effects.findLast(({ agent }) => agent === name);
    if (task === null && effect === undefined) {
      // The supervisor has nothing of its own to do most of the time, and is always there.
      if (name !== 'supervisor') idle.push(name);
      continue;
    }
    const live = model.tasks.get(task ?? effect?.task ?? '');
    const what = effect?.doing ?? live?.title ?? '';
    const where = live === undefined ? '' : `task ${live.number}  `;
    rows.push({
      label: name,
      text: `${where}${what}`,
      time: elapsed(effect?.since ?? since, nowMs),
    });
  }
  if (idle.length > 0) rows.push({ label: 'idle', text: idle.join(', ') });
  return rows;
}

const STATE_ORDER: readonly LiveTask['state'][] = ['at work', 'failed', 'ready', 'done', 'dropped'];

/** Tasks at work first, then what waits; what is done in one row. */
function taskRows({ tasks, after }: LiveModel, { nowMs }: Frame): Row[] {
  const all = [...tasks].sort(
    ([, a], [, b]) =>
      STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state) ||
      Number(a.number) - Number(b.number),
  );
  const rows = all
    .filter(([, { state }]) => state !== 'done' && state !== 'dropped')
    .map(([id, task]) => taskRow(task, openNumbers(after.get(id), tasks), nowMs));
  const done = all.filter(([, { state }]) => state === 'done').map(([, { number }]) => number);
  return done.length === 0
    ? rows
    : [...rows, { label: 'done', text: `task ${done.join(', ')}`, paint: 'green' }];
}

/** The numbers of predecessors that are not done. */
const openNumbers = (before: readonly string[] = [], tasks: LiveModel['tasks']): string[] =>
  before.flatMap((id) => {
    const task = tasks.get(id);
    return task === undefined || task.state === 'done' ? [] : [task.number];
  });

function taskRow(task: LiveTask, open: readonly string[], nowMs: number): Row {
  const { number, title, state, files, edited, since } = task;
  const label = `task ${number}`;
  if (state === 'failed')
    return { label, text: `${'failed'.padEnd(STATE_COLUMNS)} ${title}`, paint: 'red' };
  if (state === 'at work') {
    const progress = files === 0 ? 'at work' : `${edited.size}/${count(files, 'file')}`;
    return {
      label,
      text: `${progress.padEnd(STATE_COLUMNS)} ${title}`,
      time: elapsed(since, nowMs),
    };
  }
  const waits = open.length === 0 ? 'ready' : `after ${open.join(', ')}`;
  return { label, text: `${fitText(waits, STATE_COLUMNS)} ${title}`, paint: 'dim' };
}

/** The last two refusals and the last two messages, newest last. */
function newsRows({ news }: LiveModel): Row[] {
  const lastOf = (kind: LiveNews['kind'], paint: Row['paint']): Row[] =>
    news
      .filter((each) => each.kind === kind)
      .slice(-2)
      .map(({ text }) => ({ label: '', text, paint }));
  const [first, ...others] = [...lastOf('refusal', 'yellow'), ...lastOf('message', 'cyan')];
  return first === undefined ? [] : [{ ...first, label: 'last' }, ...others];
}

function leaseRows({ leases }: LiveModel): Row[] {
  const held = [...leases.values()].filter(({ paths }) => paths > 0);
  if (held.length === 0) return [];
  const total = held.reduce((sum, { paths }) => sum + paths, 0);
  const byHolder = held.map(({ holder, paths }) => `${agentName(holder)} ${paths}`).sort();
  return [{ label: 'leases', text: `${count(total, 'path')} held: ${byHolder.join(', ')}` }];
}
