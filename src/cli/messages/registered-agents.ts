/** The agents that are registered for messages: who there is, who is added, who goes. */
import type { ListedAgent } from '#api/bus-door.ts';
import { PERSON } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { CliOption, Typed } from '../command.ts';
import type { Style } from '../terminal/style.ts';
import { readDuration } from './duration.ts';
import { SPEAK_OPTIONS, speak } from './speak-as.ts';

/** What is said of an agent when it is added. */
export const CARD_OPTIONS = {
  role: { type: 'string', value: '<role>', help: 'add: what it is (default: agent)' },
  skill: {
    type: 'string',
    multiple: true,
    value: '<name>',
    help: 'add: what it can do (repeatable)',
  },
  topic: {
    type: 'string',
    multiple: true,
    value: '<name>',
    help: 'add: what it listens to (repeatable)',
  },
  limit: { type: 'string', value: '<n>', help: 'add: how many messages may wait for it (1000)' },
  handle: { type: 'string', value: '<time>', help: 'add: how long it may take for one (60s)' },
  tries: {
    type: 'string',
    value: '<n>',
    help: 'add: how often a message comes before it is given up (5)',
  },
  space: SPEAK_OPTIONS.space,
} as const satisfies Record<string, CliOption>;

interface Added {
  readonly agent: string;
  readonly token: string | null;
  readonly isNew: boolean;
}

/** Adds the agent, or changes its card; says where its token is. */
export async function addAgent(typed: Typed, name: string): Promise<number> {
  const { post } = await speak(typed);
  const handle = typed.value('handle');
  const added = await post<Added>('agent.add', {
    name,
    ...typedRole(typed, name),
    ...typedList(typed, 'skill', 'skills'),
    ...typedList(typed, 'topic', 'topics'),
    ...typedCount(typed, 'limit'),
    ...typedCount(typed, 'tries'),
    ...(handle === undefined ? {} : { handleMs: readDuration(handle, 'handle') }),
  });
  if (typed.flag('json')) {
    process.stdout.write(`${JSON.stringify(added)}\n`);
    return 0;
  }
  process.stdout.write(`${added.agent}${added.isNew ? '' : '  (as it was)'}\n`);
  if (added.token !== null) {
    process.stderr.write(
      `It speaks by its token: ${added.token}\nTry: skein send ${name} "hello"; skein watch --as ${name}\n`,
    );
  }
  return 0;
}

/** Retires the agent; its token opens nothing any more. */
export async function removeAgent(typed: Typed, name: string): Promise<number> {
  const { post } = await speak(typed);
  const { agent } = await post<{ agent: string }>('agent.remove', { name, reason: 'removed' });
  if (typed.flag('json')) process.stdout.write(`${JSON.stringify({ agent })}\n`);
  else process.stderr.write(`${agent} is retired. What waits for it stays on the record.\n`);
  return 0;
}

/** What was not typed stays as it is. */
function typedRole(typed: Typed, name: string): object {
  const role = typed.value('role') ?? (name === PERSON ? PERSON : undefined);
  return role === undefined ? {} : { role };
}

function typedList(typed: Typed, option: 'skill' | 'topic', field: string): object {
  const words = typed.values(option);
  return words.length === 0 ? {} : { [field]: words };
}

function typedCount(typed: Typed, option: 'limit' | 'tries'): object {
  const word = typed.value(option);
  if (word === undefined) return {};
  const amount = Number(word);
  if (Number.isInteger(amount)) return { [option]: amount };
  throw new SkeinError('usage', `Cannot use --${option} ${word.slice(0, 40)}: it is no number`);
}

/** All registered agents of the space that was typed, or of the home's own. */
export async function fetchAgents(typed: Typed): Promise<readonly ListedAgent[]> {
  const { post } = await speak(typed);
  return (await post<{ agents: readonly ListedAgent[] }>('agents.list', {})).agents;
}

/** An agent in one line: presence, what it can do, what waits for it. */
export function registeredLine(agent: ListedAgent, { green, yellow, red, dim }: Style): string {
  const { name, node, nodeName, isHere, role, skills, topics, presence } = agent;
  const state = (presence ?? 'unknown').padEnd(8);
  const paint = { alive: green, late: yellow, draining: yellow, lost: red }[presence ?? 'late'];
  const where = isHere ? 'here' : (nodeName ?? node);
  const able = [
    ...skills.map((each) => `skill:${each}`),
    ...topics.map((each) => `topic:${each}`),
  ].join(' ');
  const waits = agent.waiting + agent.handedOut;
  const out = agent.handedOut === 0 ? '' : `, ${agent.handedOut} handed out`;
  const inbox = waits === 0 ? '' : dim(`  inbox ${waits}${out}`);
  return `${name.padEnd(16)} ${role.padEnd(7)} ${paint(state)} ${where.padEnd(10)} ${able}${inbox}`.trimEnd();
}
