/** Tells what agents expect, find, decide and say to each other. */
import type { EventEnvelope } from '#protocol/event.ts';
import { firstLine, list, pathList, short, taskName, word } from '../wording.ts';
import { subjectName, type Data, type Told } from './teller.ts';

/** Events of agents and of the messages between them. The actor of the envelope is who speaks. */
export const AGENT_TOLD: Told = {
  'agent.expected': (data, _style, event) =>
    `${event.actor} expects of ${actionText(data, event)}: ${firstLine(data['expects'])}`,
  'expectation.met': (data, _style, event) =>
    `${actionText(data, event)} went as ${event.actor} expected: ${firstLine(data['found'])}`,
  'expectation.failed': (data, { yellow }, event) =>
    `${yellow('not as expected')} by ${event.actor}: ${actionText(data, event)}: found "${firstLine(data['found'])}" instead of "${firstLine(data['expects'])}"`,
  'agent.declined': (data, { yellow }, event) =>
    `${event.actor} ${yellow('declines')} ${taskName(data['task'])}: ${firstLine(data['why'])}${rightOfWay(data)}`,
  'agent.discovered': (data, { yellow }, event) =>
    `${event.actor} ${yellow('found')} ${word(data['path'])}:${word(data['line'])}, which is not in the plan${ofTask(data)}: ${word(data['preview']).trim()}`,
  'agent.diagnosed': (data, { yellow }, event) =>
    `${event.actor} ${yellow('diagnosed')} ${taskName(data['task'])}: ${firstLine(data['finding'])}; ${strategyText(data)}`,
  'decision.overridden': (data, { yellow }) =>
    `${yellow(`${word(data['layer'])} over ${word(data['over'])}`)}: ${word(data['by'])} over ${word(data['whom'])}: ${firstLine(data['why'])}`,
  'message.sent': (data, { cyan }, event) =>
    `${event.actor} ${cyan(sayingOf(data))}: ${firstLine(data['text'])}${aboutPaths(data)}`,
};

/** While a mission is planned there is no task yet. */
const ofTask = ({ task }: Data): string =>
  task === '' || task === undefined ? '' : ` (${taskName(task)})`;

/** What was done to what: the action and, when it was not to the task itself, its subject. */
function actionText(data: Data, event: EventEnvelope): string {
  const task = taskName(data['task']);
  const subject = /^(?:task|agent)\//u.test(event.subject) ? '' : ` ${subjectName(event)}`;
  return `${word(data['action'])}${subject} (${task})`;
}

function rightOfWay(data: Data): string {
  const { holder, path } = data;
  if (path === undefined) return holder === undefined ? '' : ` (${word(holder)})`;
  return holder === undefined ? ` (${word(path)})` : ` (${word(holder)} holds ${word(path)})`;
}

const strategyText = (data: Data): string => {
  const { strategy } = data;
  if (strategy === null || strategy === undefined) return 'no strategy is known';
  const paths = list(data['paths']);
  return `strategy ${word(strategy)}${paths.length === 0 ? '' : ` for ${pathList(paths)}`}`;
};

/** Who is spoken to, and what for. */
function sayingOf(data: Data): string {
  // A topic of the mission reaches whoever is there.
  const to = word(data['to'])
    .replace(/^mission:.*$/u, 'all agents')
    .replace(/@[0-9a-f]+$/u, '');
  switch (data['kind']) {
    case 'announce':
      return `announces to ${to}`;
    case 'warn':
      return `warns ${to}`;
    case 'yield':
      return `asks ${to} to yield`;
    case 'ask':
      return `asks ${to}`;
    case 'answer':
      return `answers ${to}`;
    case 'dispatch':
      return `sends ${data['task'] === undefined ? 'a task' : taskName(data['task'])} to ${to}`;
    default:
      return `says to ${to} (${short(data['kind'])})`;
  }
}

/** The paths a message is about, but for those that its text names already. */
function aboutPaths(data: Data): string {
  const told = word(data['text']);
  const others = list(data['about']).filter((path) => !told.includes(word(path)));
  return others.length === 0 ? '' : ` (${pathList(others)})`;
}
