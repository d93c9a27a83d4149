/** Tells why a line is as it is: the answer of `skein why` as lines of text. */
import type {
  LineEdit,
  LineOrigin,
  MissionWhy,
  WhyAnswer,
} from '#supervisor/history/why/why-answer.ts';
import type { Style } from '../style.ts';
import { cutText } from '../text-width.ts';
import { count, short, taskNumber } from '../wording.ts';
import { checkText, decidedText, eventText, plannedText, usedText } from './facts-text.ts';

const [MOST_CHANGED, MOST_REASONS, MOST_COLUMNS] = [6, 20, 160];

/** The line itself, then each of its origins, the last change first. */
export function whyLines(answer: WhyAnswer, style: Style): string[] {
  const { path, line, text, at, origins, hasEarlier } = answer;
  const { bold, cyan, dim } = style;
  const of = at === null ? '' : dim(`  (git commit ${short(at)})`);
  return [
    `${cyan(`${path}:${line}`)}${of}  ${bold(cutText(text.trim(), MOST_COLUMNS))}`,
    ...origins.flatMap((origin, index) => ['', ...originLines(origin, index, style)]),
    ...(hasEarlier
      ? ['', dim('Another line stood there before: --all shows up to 50 of them')]
      : []),
  ];
}

const WHO: Readonly<Record<LineOrigin['by'], string>> = {
  mission: 'an edit of mission',
  elsewhere: 'a mission that is not on record here',
  'by-hand': 'no mission: written by hand',
  'before-skein': 'no mission: it is from before Skein',
  uncommitted: 'nobody yet: the change is not committed',
  unknown: 'nobody that git knows of here: its history is cut off',
};

function originLines(origin: LineOrigin, index: number, style: Style): string[] {
  const { by, mission, moved, notes } = origin;
  const { bold, yellow } = style;
  const who = mission === null ? WHO[by] : `${WHO[by]} ${mission.id}`;
  return [
    ...(index === 0 ? [] : [placeLine(origin, style)]),
    bold(moved ? `moved here by ${who.replace(/^no mission: /u, '')}` : `made by ${who}`),
    ...(mission === null ? [] : missionLines(mission, style)),
    ...gitLines(origin, style),
    ...notes.map((note) => row('note', yellow(note))),
  ];
}

/** Which earlier line this is about. */
function placeLine({ path, line, text, likely }: LineOrigin, { cyan, dim }: Style): string {
  const which = likely ? dim(' (the most similar of the lines that were replaced)') : '';
  return `before that ${cyan(`${path}:${line}`)}  ${cutText(text.trim(), MOST_COLUMNS)}${which}`;
}

const LABEL_COLUMNS = 10;

const row = (label: string, text: string): string => `  ${label.padEnd(LABEL_COLUMNS)}${text}`;

/** Several lines under one label. */
const rows = (label: string, texts: readonly string[]): string[] =>
  texts.map((text, index) => row(index === 0 ? label : '', text));

function missionLines(mission: MissionWhy, style: Style): string[] {
  const { goal, status, edits, plan, decisions, price, space, original } = mission;
  const { dim } = style;
  return [
    row('goal', `${goal} ${dim(`(${status}, record ${space.slice(0, 12)})`)}`),
    ...edits.flatMap((edit, index) => editLines(edit, index, style)),
    ...rows('led to it', reasonTexts(mission, style)),
    ...rows('decided', [
      ...decisions.map((event) => decidedText(event, style)),
      ...(plan === null ? [] : [`plan ${short(plan.hash)}: ${plan.summary}`]),
    ]),
    ...rows('proved by', proofTexts(mission, style)),
    ...rows('price', [`planned ${plannedText(price)}`, `used ${usedText(price)}`]),
    ...(original === null
      ? []
      : [row('first', `written by mission ${original.id}`), ...missionLines(original, style)]),
  ];
}

function editLines(edit: LineEdit, index: number, { red, green, dim }: Style): string[] {
  const { event, time, actor, task, command, path, startLine, before, after } = edit;
  const when = time === null ? 'at a time that was pruned' : clock(time);
  const of =
    task === null ? '' : `, task ${taskNumber(task.id) ?? task.id}: ${task.title} (${task.role})`;
  const where = startLine === null ? path : `${path}:${startLine}`;
  return [
    row(index === 0 ? 'edit' : 'before it', `${when} by ${actor ?? 'somebody'}${of}`),
    row('', dim(`${where}, event ${event}`)),
    ...(command === null ? [] : [row('', `by the command ${command}`)]),
    ...changed('-', before ?? [], red),
    ...changed('+', after ?? [], green),
  ];
}

function changed(
  sign: string,
  lines: readonly string[],
  paint: (text: string) => string,
): string[] {
  const shown = lines
    .slice(0, MOST_CHANGED)
    .map((line) => row('', paint(`${sign} ${cutText(line, MOST_COLUMNS)}`)));
  const hidden = lines.length - shown.length;
  return hidden > 0 ? [...shown, row('', `${sign} ... ${count(hidden, 'more line')}`)] : shown;
}

/** Several agents find the same places: each is told once. */
function reasonTexts({ reasons, id }: MissionWhy, style: Style): string[] {
  const seen = new Set<string>();
  const texts = reasons.flatMap((event) => {
    const { path, line } = (event.data ?? {}) as {
      readonly path?: unknown;
      readonly line?: unknown;
    };
    const key = event.type === 'agent.discovered' ? `${String(path)}:${String(line)}` : event.id;
    if (seen.has(key)) return [];
    seen.add(key);
    return [eventText(event, style)];
  });
  const hidden = texts.length - MOST_REASONS;
  const shown = texts.slice(-MOST_REASONS);
  return hidden > 0 ? [`${count(hidden, 'earlier event')}, see skein log ${id}`, ...shown] : shown;
}

function proofTexts({ proof }: MissionWhy, style: Style): string[] {
  const { guardrails, wholeChange, review, checks } = proof;
  const named = (what: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${what}: ${names.join(', ')}`];
  return [
    ...named('guardrails of the edit', guardrails),
    ...named('guardrails of the whole change', wholeChange),
    ...(review === null ? [] : [`review: ${review}`]),
    ...checks.map((check) => checkText(check, style)),
  ];
}

/** The day and time of an event or a git commit. */
const clock = (time: string): string => time.slice(0, 19).replace('T', ' ');

function gitLines({ git, mission }: LineOrigin, { dim }: Style): string[] {
  if (git === null) return [];
  const { commit, author, authoredAt, summary, branches, moreBranches } = git;
  const others = moreBranches ? ' and others' : '';
  const on = branches.length === 0 ? 'no branch' : `${branches.join(', ')}${others}`;
  const merged = mission?.mergedInto ?? null;
  const isRecorded = mission?.certainty === 'recorded';
  return rows('git', [
    `commit ${short(commit)} by ${author.name} <${author.email}>, ${clock(authoredAt)}: ${summary}`,
    `on ${on}${isRecorded && merged !== null ? `; merged into ${merged} by the mission` : ''}`,
    ...(isRecorded ? [dim('the record names this git commit')] : []),
  ]);
}
