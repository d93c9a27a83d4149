/** Tells an event in one line, so that the record reads as a story a person can follow. */
import type { EventEnvelope } from '#protocol/event.ts';
import { AGENT_TOLD } from './story/agent-story.ts';
import { BUS_TOLD } from './story/bus-story.ts';
import { EFFECT_TOLD } from './story/effect-story.ts';
import { MISSION_TOLD } from './story/mission-story.ts';
import { SANDBOX_TOLD } from './story/sandbox-story.ts';
import { TASK_TOLD } from './story/task-story.ts';
import { aboutName, type Data, type Told } from './story/teller.ts';
import type { Style } from './style.ts';
import { firstLine } from './wording.ts';

const TOLD: Told = {
  ...MISSION_TOLD,
  ...TASK_TOLD,
  ...AGENT_TOLD,
  ...BUS_TOLD,
  ...EFFECT_TOLD,
  ...SANDBOX_TOLD,
};

/** Steps that only matter when something stops between them; hidden in a short story. */
const DETAILS = new Set([
  'task.created',
  'lease.granted',
  'lease.released',
  'expectation.met',
  'message.received',
  'message.handled',
  'message.assigned',
  'message.delivered',
  'inbox.opened',
  'request.made',
  'request.accepted',
  'worktree.intended',
  'check.intended',
  'command.intended',
  'edit.intended',
  'edit.done',
  'task-tree.intended',
  'task-tree.done',
  'git-commit.intended',
  'git-commit.done',
  'branch.intended',
  'branch.done',
  'merge.intended',
  'cleanup.intended',
  'cleanup.done',
]);

/** Messages of the normal course: that work was handed out, and that somebody is there. */
const QUIET_MESSAGES: readonly unknown[] = ['announce', 'dispatch'];

/** Whether an event is a detail that a short story leaves out. */
export function isDetail({ type, data, actor }: EventEnvelope): boolean {
  // What the supervisor looks at itself is the whole change, which takes its time: nobody else speaks.
  if (type === 'agent.expected') return actor !== 'agent:supervisor';
  if (type === 'message.sent') return QUIET_MESSAGES.includes((data as Data)['kind']);
  // That a plan changes is no detail, even when it is told again by the answer that it needs.
  if (type === 'plan.proposed') return (data as Data)['supersedes'] === undefined;
  return DETAILS.has(type);
}

/** An event as one line without its time; types this version does not know are named. */
export function tell(event: EventEnvelope, style: Style): string {
  return toOneLine(tellRaw(event, style));
}

function tellRaw(event: EventEnvelope, style: Style): string {
  const data = (event.data ?? {}) as Data;
  const teller = Object.hasOwn(TOLD, event.type) ? TOLD[event.type] : undefined;
  if (teller !== undefined) return teller(data, style, event);
  if (event.type.endsWith('.failed'))
    return `${style.red(event.type)} ${aboutName(event)}: ${firstLine(data['reason'])}`;
  return `${event.type} ${event.subject}`;
}

/** A name or text of a repository may hold line ends and tabs, which would break the line. */
const toOneLine = (told: string): string =>
  told.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', ' ');
