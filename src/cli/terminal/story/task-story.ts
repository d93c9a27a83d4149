/** Tells the life of tasks, who holds which paths, and what guardrails say. */
import type { EventEnvelope } from '#protocol/event.ts';
import {
  checkName,
  count,
  firstLine,
  list,
  pathList,
  seconds,
  short,
  taskName,
  word,
} from '../wording.ts';
import { aboutName, type Data, type Told } from './teller.ts';

/** Events of tasks, leases and guardrails. */
export const TASK_TOLD: Told = {
  'task.created': (data, _style, event) =>
    `${aboutName(event)}: ${word(data['title'])} (${word(data['role'])}, ${count(list(data['writeSet']).length, 'path')})`,
  'task.claimed': (data, _style, event) => {
    const attempt = Number(data['attempt']);
    const again = attempt > 1 ? ` (attempt ${attempt})` : '';
    return `${word(data['agent'])} takes ${aboutName(event)}${again}`;
  },
  'task.released': (data, { yellow }, event) =>
    `${yellow(`${aboutName(event)} is ready again`)}: ${firstLine(data['reason'])}${data['patch'] === undefined ? '' : '; what was edited stays'}`,
  'task.done': (data, { green }, event) =>
    `${green(`${aboutName(event)} done`)}: git tree ${short(data['gitTree'])}${evidenceText(data)}`,
  'task.failed': (data, { red }, event) =>
    `${red(`${aboutName(event)} failed`)}: ${firstLine(data['reason'])}`,
  'task.dropped': (data, { yellow }, event) =>
    `${yellow(`${aboutName(event)} dropped`)}: ${firstLine(data['reason'])}`,
  'lease.granted': (data) =>
    `${word(data['holder'])} holds ${pathsText(data)} for ${taskName(data['task'])} (token ${word(data['token'])})`,
  'lease.extended': (data, _style, event) =>
    `${event.actor} asks for ${word(data['path'])} and gets it (${aboutName(event)}): ${firstLine(data['why'])}`,
  'lease.released': (data, _style, event) =>
    `lease of ${aboutName(event)} released: ${firstLine(data['reason'])}`,
  'lease.expired': (data, { yellow }, event) =>
    `${yellow(`lease of ${aboutName(event)} expired`)}: its holder gave no sign of life for ${seconds(data['ttlMs'])}`,
  'guardrail.passed': (data, { green }) =>
    `${green('passed')} guardrail ${word(data['guardrail'])} (${word(data['detail'])})`,
  'guardrail.refused': (data, { red }, event) =>
    `${red('refused')} by guardrail ${word(data['guardrail'])}: ${aboutName(event)}${ofAgent(event)}: ${firstLine(data['reason'])}`,
  'workspace.linked': (data) =>
    `linked ${count(Number(data['linked']), 'dependency', 'dependencies')}, ${count(Number(data['copied']), 'inner link')}, ${count(list(data['skipped']).length, 'entry', 'entries')} left out`,
};

/** A file is refused to somebody; a task as a whole to nobody in particular. */
const ofAgent = ({ actor, subject }: EventEnvelope): string =>
  actor.startsWith('agent:') && subject.startsWith('file/') ? ` of ${actor}` : '';

const pathsText = (data: Data): string => {
  const paths = list(data['paths']);
  return paths.length === 0 ? 'no path' : pathList(paths);
};

/** The checks that prove a task, when it has its own. */
function evidenceText(data: Data): string {
  const checks = list(data['checks']) as readonly Data[];
  if (checks.length === 0) return '';
  const told = checks.map(({ name, comparison, exitCode }) => {
    // On the untouched base there is nothing to compare with yet.
    const said = comparison === 'base' ? `exit code ${word(exitCode ?? 'none')}` : word(comparison);
    return `${checkName(word(name))} ${said}`;
  });
  return `, ${pathList(told)}${provesNothing(checks) ? ': no check proves the change' : ''}`;
}

/** Checks that failed before too, or say now this and now that, are no proof: no green tick for them. */
const PROOFS: readonly unknown[] = ['base', 'passed', 'fixed'];

const provesNothing = (checks: readonly Data[]): boolean =>
  !checks.some(({ comparison }) => PROOFS.includes(comparison));
