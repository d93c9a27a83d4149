/** Tells an event in one line, so that the record reads as a story a person can follow. */
import type { EventEnvelope } from '#protocol/event.ts';
import type { Style } from './style.ts';

type Data = Readonly<Record<string, unknown>>;
type Tell = (data: Data, style: Style, event: EventEnvelope) => string | undefined;

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const word = (value: unknown): string => (typeof value === 'string' ? value : String(value ?? ''));
/** Long messages are shown in full where they are reported; a story has one line for each event. */
const firstLine = (value: unknown): string => word(value).split('\n', 1)[0] ?? '';
const short = (id: unknown): string => word(id).slice(0, 10);
const seconds = (ms: unknown): string => `${(Number(ms) / 1000).toFixed(1)} s`;
const count = (amount: number, noun: string): string =>
  `${amount} ${noun}${amount === 1 ? '' : 's'}`;
const MOST_NAME = 60;
/** A check may be named by its command line, which may be long. */
const checkName = (name: string): string => {
  const line = name.replace(/\s+/gu, ' ');
  return line.length > MOST_NAME ? `${line.slice(0, MOST_NAME - 3)}...` : line;
};
const subjectName = ({ subject }: EventEnvelope): string => subject.slice(subject.indexOf('/') + 1);

const TOLD: Readonly<Record<string, Tell>> = {
  'space.created': () => 'a new record begins',
  'mission.submitted': (data, { bold }) =>
    `goal: ${bold(word(data['goal']))}  (base ${short(data['base'])})`,
  'mission.planned': (data) => `plan ${short(data['hash'])} waits for an answer`,
  'mission.approved': (data, { green }) =>
    `${green('approved')} plan ${short(data['hash'])} (${word(data['from'])})`,
  'mission.rejected': (data, { yellow }) => `${yellow('rejected')}: ${word(data['reason'])}`,
  'mission.interrupted': (data, { yellow }) => `${yellow('interrupted')}: ${word(data['reason'])}`,
  'mission.resumed': () => 'resumed',
  'mission.cancelled': (data, { yellow }) => `${yellow('cancelled')}: ${word(data['reason'])}`,
  'mission.done': (data, { green }) =>
    `${green('done')} in ${seconds(data['durationMs'])}: git commit ${short(data['gitCommit'])} on ${word(data['branch'])}`,
  'mission.failed': (data, { red }) => `${red('failed')}: ${firstLine(data['message'])}`,
  'plan.proposed': (data) => {
    const price = data['price'] as Data;
    return `planned: ${word(data['summary'])}, ${count(Number(price['files']), 'file')}, ${count(Number(price['changes']), 'change')} (${word(data['engine'])})`;
  },
  'task.created': (data) =>
    `task: ${word(data['title'])} (${count(list(data['writeSet']).length, 'path')})`,
  'task.claimed': (data) => `${word(data['agent'])} claims the task`,
  'task.done': (data, { green }) => `${green('task done')}: git tree ${short(data['gitTree'])}`,
  'task.failed': (data, { red }) => `${red('task failed')}: ${firstLine(data['reason'])}`,
  'lease.granted': (data) =>
    `${word(data['holder'])} holds ${count(list(data['paths']).length, 'path')} (token ${word(data['token'])})`,
  'lease.released': (data) => `lease released: ${word(data['reason'])}`,
  'guardrail.passed': (data, { green }) =>
    `${green('passed')} guardrail ${word(data['guardrail'])} (${word(data['detail'])})`,
  'guardrail.refused': (data, { red }, event) =>
    `${red('refused')} by guardrail ${word(data['guardrail'])}: ${subjectName(event)}: ${word(data['reason'])}`,
  'workspace.linked': (data) =>
    `linked ${count(Number(data['linked']), 'dependency').replace('dependencys', 'dependencies')}, ${count(Number(data['copied']), 'inner link')}, ${count(list(data['skipped']).length, 'entry').replace('entrys', 'entries')} left out`,
  'worktree.intended': (data) => `making a worktree at ${short(data['commit'])}`,
  'worktree.done': (data) => `worktree ready: ${count(Number(data['files']), 'file')}`,
  'setup.intended': (data) => `setting up the workspace: ${word(data['command'])}`,
  'setup.done': (data) =>
    `set up (exit code ${word(data['exitCode'])}, ${seconds(data['durationMs'])})`,
  'check.intended': (data) =>
    `check ${checkName(word(data['name']))} on the ${data['phase'] === 'base' ? 'untouched base' : 'change'}: ${word(data['command'])}`,
  'check.done': (data, { green, yellow }, event) => {
    const good = data['exitCode'] === 0;
    const outcome =
      data['timedOut'] === true
        ? 'timed out'
        : `exit code ${word(data['exitCode'] ?? data['signal'])}`;
    // The key of a check is <mission>/check/<phase>/<name>.
    const phase = word(data['effect']).split('/')[2] ?? '';
    return `check ${checkName(subjectName(event))} on the ${phase}: ${good ? green(outcome) : yellow(outcome)} in ${seconds(data['durationMs'])}`;
  },
  'edit.intended': (data) =>
    `edit ${word(data['path'])}: ${count(Number(data['changes']), 'change')} intended`,
  'edit.done': (_data, _style, event) => `edit ${subjectName(event)}: written`,
  'git-commit.intended': (data) => `git commit ${short(data['gitCommit'])} intended`,
  'git-commit.done': (data) => `git commit ${short(data['gitCommit'])} made`,
  'branch.intended': (data) =>
    `branch ${word(data['ref']).replace('refs/heads/', '')} to ${short(data['to'])} intended`,
  'branch.done': (_data, _style, event) => `branch ${subjectName(event)} set`,
  'merge.intended': (data) =>
    `fast-forward ${word(data['ref']).replace('refs/heads/', '')} to ${short(data['to'])} intended`,
  'merge.done': (_data, { green }, event) =>
    `${green('merged')}: ${subjectName(event)} fast-forwarded`,
  'cleanup.intended': () => 'removing the worktree',
  'cleanup.done': () => 'worktree removed',
};

/** Steps that only matter when something stops between them; hidden in a short story. */
const DETAILS = new Set([
  'plan.proposed',
  'task.created',
  'task.claimed',
  'lease.released',
  'worktree.intended',
  'check.intended',
  'edit.intended',
  'edit.done',
  'git-commit.intended',
  'git-commit.done',
  'branch.intended',
  'branch.done',
  'merge.intended',
  'cleanup.intended',
  'cleanup.done',
]);

/** Whether an event is a detail that a short story leaves out. */
export const isDetail = ({ type }: EventEnvelope): boolean => DETAILS.has(type);

/** An event as one line without its time; types this version does not know are named. */
export function tell(event: EventEnvelope, style: Style): string {
  const teller = TOLD[event.type];
  const data = event.data as Data;
  const told = teller?.(data, style, event);
  if (told !== undefined) return told;
  if (event.type.endsWith('.failed'))
    return `${style.red(event.type)} ${subjectName(event)}: ${word(data['reason'])}`;
  return `${event.type} ${event.subject}`;
}
