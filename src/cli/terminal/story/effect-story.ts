/** Tells effects: what is about to be done to the world outside the record, and how it ended. */
import type { EventEnvelope } from '#protocol/event.ts';
import { checkName, count, seconds, short, taskName, word } from '../wording.ts';
import { outcomeText, subjectName, type Data, type Told } from './teller.ts';

const branchName = (data: Data): string => word(data['ref']).replace('refs/heads/', '');

/** The task that an effect is of: the last part of its key `<mission>/<kind>/<task>`. */
const effectTask = (data: Data): string => taskName(word(data['effect']).split('/').at(-1));

/** Events of effects, three of each kind; `<kind>.failed` are told alike, where these are used. */
export const EFFECT_TOLD: Told = {
  'worktree.intended': (data) => `making a worktree at ${short(data['commit'])}`,
  'worktree.done': (data) => `worktree ready: ${count(Number(data['files']), 'file')}`,
  'setup.intended': (data) => `setting up the workspace: ${word(data['command'])}`,
  'setup.done': (data) =>
    `set up (exit code ${word(data['exitCode'])}, ${seconds(data['durationMs'])})`,
  'check.intended': (data) =>
    `check ${checkName(word(data['name']))} on the ${data['phase'] === 'base' ? 'untouched base' : 'change'}: ${word(data['command'])}`,
  'check.done': (data, style, event) =>
    `check ${checkName(subjectName(event))}${phaseText(data)}: ${outcomeText(data, style)} in ${seconds(data['durationMs'])}`,
  'command.intended': (data) =>
    `command ${checkName(word(data['name']))} of ${taskName(data['task'])}: ${word(data['command'])}`,
  'command.done': (data, style, event) =>
    `command ${commandName(data, event)}: ${outcomeText(data, style)} in ${seconds(data['durationMs'])}`,
  'edit.intended': (data) =>
    `edit ${word(data['path'])}: ${count(Number(data['changes']), 'change')} intended`,
  'edit.done': (_data, _style, event) => `edit ${subjectName(event)}: written`,
  'task-tree.intended': (data) =>
    `keeping git tree ${short(data['tree'])} of ${taskName(data['task'])} as ${word(data['ref'])}`,
  'task-tree.done': (data) => `git tree of ${effectTask(data)} kept`,
  'git-commit.intended': (data) => `git commit ${short(data['gitCommit'])} intended`,
  'git-commit.done': (data) => `git commit ${short(data['gitCommit'])} made`,
  'branch.intended': (data) => `branch ${branchName(data)} to ${short(data['to'])} intended`,
  'branch.done': (_data, _style, event) => `branch ${subjectName(event)} set`,
  'merge.intended': (data) => `fast-forward ${branchName(data)} to ${short(data['to'])} intended`,
  'merge.done': (_data, { green }, event) =>
    `${green('merged')}: ${subjectName(event)} fast-forwarded`,
  'cleanup.intended': () => 'removing the worktree',
  'cleanup.done': () => 'worktree removed',
};

/** The key of a check is <mission>/check/<phase>/<name>. */
function phaseText(data: Data): string {
  const phase = word(data['effect']).split('/')[2] ?? '';
  return phase === '' ? '' : ` on the ${phase}`;
}

/** The key of a command is <mission>/command/<task>; its subject may carry its name. */
function commandName(data: Data, event: EventEnvelope): string {
  const name = subjectName(event);
  const mission = event.mission ?? '';
  const isNamed = mission === '' || !name.startsWith(mission);
  return `${isNamed ? `${checkName(name)} ` : ''}of ${effectTask(data)}`;
}
