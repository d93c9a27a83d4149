/**
 * What a mission looks like right now, folded from its events: agents and what they do, tasks and
 * how far they are, who holds what, what was refused and said last. Pure; the view draws it.
 */
import type { EventEnvelope } from '#protocol/event.ts';
import { isDetail, tell } from './story.ts';
import { aboutName, subjectName, type Data } from './story/teller.ts';
import { PLAIN } from './style.ts';
import { checkName, list, taskNumber, word } from './wording.ts';

/** A task; `since` is when it was claimed (ISO 8601), `edited` the paths written so far. */
export interface LiveTask {
  readonly number: string;
  readonly title: string;
  readonly kind: string;
  readonly state: 'ready' | 'at work' | 'done' | 'failed' | 'dropped';
  readonly agent: string | null;
  readonly since: string;
  readonly files: number;
  readonly edited: ReadonlySet<string>;
}

/** An agent that was seen; `task` is the id of the one it is at work on. */
export interface LiveAgent {
  readonly task: string | null;
  readonly since: string;
}

/** An effect that is under way: who does it, what it is in words, and since when. */
export interface LiveEffect {
  readonly agent: string;
  readonly doing: string;
  readonly since: string;
  readonly task: string | null;
}

/** A held lease. */
export interface LiveLease {
  readonly holder: string;
  readonly task: string;
  readonly paths: number;
}

/** A refusal or a message between agents, as the story tells it. */
export interface LiveNews {
  readonly kind: 'refusal' | 'message';
  readonly text: string;
}

type Predecessors = ReadonlyMap<string, readonly string[]>;

/** The mission; maps are by id, agents by name without `agent:`. `since` is when it was (re)started. */
export interface LiveModel {
  readonly state: 'planning' | 'waiting' | 'at work' | 'ended';
  readonly since: string;
  readonly tasks: ReadonlyMap<string, LiveTask>;
  readonly agents: ReadonlyMap<string, LiveAgent>;
  readonly effects: ReadonlyMap<string, LiveEffect>;
  readonly leases: ReadonlyMap<string, LiveLease>;
  readonly news: readonly LiveNews[];
  /** Predecessors of tasks by id, as the plan states them; `proposed` of one that waits. */
  readonly after: Predecessors;
  readonly proposed: Predecessors;
}

/** A mission of which nothing is known yet. */
export const emptyModel: LiveModel = {
  state: 'planning',
  since: '',
  tasks: new Map(),
  agents: new Map(),
  effects: new Map(),
  leases: new Map(),
  news: [],
  after: new Map(),
  proposed: new Map(),
};

/** How many refusals and messages are kept. */
const MOST_NEWS = 8;

/** The model after one more event of its mission. */
export function foldLive(model: LiveModel, event: EventEnvelope): LiveModel {
  const fold = Object.hasOwn(FOLDS, event.type) ? FOLDS[event.type] : foldEffect;
  const data = (event.data ?? {}) as Data;
  return foldNews(fold?.(model, data, event) ?? model, event);
}

type Fold = (model: LiveModel, data: Data, event: EventEnvelope) => LiveModel;

/** The name by which an agent is shown. */
export const agentName = (actor: unknown): string => word(actor).replace(/^agent:/u, '');

const begin =
  (state: LiveModel['state']): Fold =>
  (model, _data, { time }) => ({ ...model, state, since: time });

/** Whoever was at work when a mission stopped is not any more. */
const rest =
  (state: LiveModel['state']): Fold =>
  (model, _data, { time }) => ({
    ...model,
    state,
    since: state === 'ended' ? model.since : time,
    effects: new Map(),
    leases: new Map(),
    agents: new Map(Array.from(model.agents, ([name]) => [name, { task: null, since: time }])),
    tasks: new Map(
      Array.from(model.tasks, ([id, task]) => [
        id,
        task.state === 'at work' ? { ...task, state: 'ready', agent: null } : task,
      ]),
    ),
  });

const FOLDS: Readonly<Record<string, Fold>> = {
  'mission.submitted': begin('planning'),
  // Its plan follows: one that waits says so by itself.
  'mission.forked': (model, data, event) =>
    begin(data['approval'] === null ? 'planning' : 'at work')(model, data, event),
  'mission.planned': (model) => ({ ...model, state: 'waiting' }),
  'mission.approved': (model, _data, { time }) => ({
    ...model,
    state: 'at work',
    // Of a changed plan: the work has gone on since the first answer.
    since: model.tasks.size === 0 ? time : model.since,
    after: model.proposed,
  }),
  'mission.replanned': (model) => ({ ...model, state: 'at work', after: model.proposed }),
  'mission.resumed': (model, data, event) =>
    rest(model.tasks.size === 0 ? 'planning' : 'at work')(model, data, event),
  'mission.interrupted': rest('ended'),
  'mission.rejected': rest('ended'),
  'mission.cancelled': rest('ended'),
  'mission.done': rest('ended'),
  'mission.failed': rest('ended'),
  'plan.proposed': (model, data) => {
    const tasks = list(data['tasks']) as readonly Data[];
    const after = tasks.map((task) => [word(task['id']), list(task['after']).map(word)] as const);
    const proposed = new Map(after);
    // The plan of a fork may be at work at once.
    const isFirst = model.state === 'at work' && data['supersedes'] === undefined;
    return { ...model, proposed, ...(isFirst ? { after: proposed } : {}) };
  },
  'task.created': (model, data, event) =>
    setTask(model, subjectName(event), {
      number: taskNumber(subjectName(event)) ?? '?',
      title: word(data['title']),
      kind: word(data['kind'] ?? data['role']),
      state: 'ready',
      agent: null,
      since: event.time,
      files: list(data['writeSet']).length,
      edited: new Set(),
    }),
  'task.claimed': (model, data, event) => {
    const agent = agentName(data['agent']);
    const id = subjectName(event);
    const claimed = changeTask(model, id, { state: 'at work', agent, since: event.time });
    return setAgent(claimed, agent, { task: id, since: event.time });
  },
  'task.released': endTask('ready'),
  'task.done': endTask('done'),
  'task.failed': endTask('failed'),
  'task.dropped': endTask('dropped'),
  'lease.granted': (model, data, event) => {
    const lease = {
      holder: agentName(data['holder']),
      task: word(data['task']),
      paths: list(data['paths']).length,
    };
    return { ...model, leases: new Map(model.leases).set(subjectName(event), lease) };
  },
  'lease.extended': (model, _data, event) => {
    const id = subjectName(event);
    const lease = model.leases.get(id);
    if (lease === undefined) return model;
    const leases = new Map(model.leases).set(id, { ...lease, paths: lease.paths + 1 });
    const files = (model.tasks.get(lease.task)?.files ?? 0) + 1;
    return changeTask({ ...model, leases }, lease.task, { files });
  },
  'lease.released': endLease,
  'lease.expired': endLease,
  // What is no effect, such as a review, is under way from its expectation to the outcome.
  'agent.expected': (model, data, event) => {
    const agent = agentName(event.actor);
    const about = event.subject.startsWith('task/') ? '' : ` ${subjectName(event)}`;
    const doing = `${word(data['action'])}${about}`;
    const effect = { agent, doing, since: event.time, task: word(data['task']) };
    return { ...model, effects: new Map(model.effects).set(actionKey(data, event), effect) };
  },
  'expectation.met': endAction,
  'expectation.failed': endAction,
};

const actionKey = (data: Data, { actor, subject }: EventEnvelope): string =>
  `${actor} ${word(data['action'])} ${subject}`;

function endAction(model: LiveModel, data: Data, event: EventEnvelope): LiveModel {
  const effects = new Map(model.effects);
  effects.delete(actionKey(data, event));
  return { ...model, effects };
}

function endLease(model: LiveModel, _data: Data, event: EventEnvelope): LiveModel {
  const leases = new Map(model.leases);
  leases.delete(subjectName(event));
  return { ...model, leases };
}

function endTask(state: LiveTask['state']): Fold {
  return (model, _data, event) => {
    const id = subjectName(event);
    const agents = new Map(
      Array.from(model.agents, ([name, agent]) => [
        name,
        agent.task === id ? { task: null, since: event.time } : agent,
      ]),
    );
    return changeTask({ ...model, agents }, id, { state, agent: null, since: event.time });
  };
}

const setTask = (model: LiveModel, id: string, task: LiveTask): LiveModel => ({
  ...model,
  tasks: new Map(model.tasks).set(id, task),
});

function changeTask(model: LiveModel, id: string, change: Partial<LiveTask>): LiveModel {
  const task = model.tasks.get(id);
  return task === undefined ? model : setTask(model, id, { ...task, ...change });
}

const setAgent = (model: LiveModel, name: string, agent: LiveAgent): LiveModel => ({
  ...model,
  agents: new Map(model.agents).set(name, agent),
});

/** Effects come in threes, `<kind>.intended`, `.done`, `.failed`; all of a kind have one key. */
function foldEffect(model: LiveModel, data: Data, event: EventEnvelope): LiveModel {
  const key = data['effect'];
  if (typeof key !== 'string') return model;
  const effects = new Map(model.effects);
  if (event.type.endsWith('.intended')) {
    const agent = agentName(event.actor);
    const task = effectTask(model, data);
    effects.set(key, { agent, doing: doingText(data, event), since: event.time, task });
    const seen = model.agents.has(agent) || !event.actor.startsWith('agent:');
    const known = seen ? model : setAgent(model, agent, { task: null, since: event.time });
    return { ...known, effects };
  }
  const task = model.effects.get(key)?.task ?? null;
  effects.delete(key);
  const after = { ...model, effects };
  if (event.type !== 'edit.done' || task === null) return after;
  const edited = new Set(model.tasks.get(task)?.edited).add(subjectName(event));
  return changeTask(after, task, { edited });
}

/** An edit names its lease, a command its task. */
function effectTask({ leases }: LiveModel, data: Data): string | null {
  if (typeof data['task'] === 'string') return data['task'];
  return leases.get(word(data['lease']))?.task ?? null;
}

/** What an agent is about to do, in a few words. */
function doingText(data: Data, event: EventEnvelope): string {
  const kind = event.type.replace('.intended', '');
  switch (kind) {
    case 'edit':
      return `edit ${word(data['path'])}`;
    case 'check':
      return `check ${checkName(word(data['name']))} on the ${word(data['phase'])}`;
    case 'command':
      return `command ${checkName(word(data['name']))}`;
    case 'worktree':
      return 'make the worktree';
    case 'setup':
      return 'set up the workspace';
    case 'task-tree':
      return 'keep its git tree';
    case 'cleanup':
      return 'remove the worktree';
    default:
      return `${kind.replace('-', ' ')} ${kind === 'git-commit' ? '' : aboutName(event)}`.trimEnd();
  }
}

const REFUSALS = new Set([
  'guardrail.refused',
  'expectation.failed',
  'agent.declined',
  'decision.overridden',
  'lease.expired',
  'task.failed',
]);

/** The last refusals and messages, those that the story tells in its short form too. */
function foldNews(model: LiveModel, event: EventEnvelope): LiveModel {
  const isRefusal = REFUSALS.has(event.type);
  if (!isRefusal && (event.type !== 'message.sent' || isDetail(event))) return model;
  const text = tell(event, PLAIN).replaceAll('agent:', '');
  const news: LiveNews = { kind: isRefusal ? 'refusal' : 'message', text };
  return { ...model, news: [...model.news.slice(1 - MOST_NEWS), news] };
}
