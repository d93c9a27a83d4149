/** Sends a task to an agent over the bus, recorded before it leaves, and gets its answer. */
import type { DispatchAnswer, SwarmAgent } from '#agents/swarm-agent.ts';
import { toSkeinError } from '#protocol/errors.ts';
import { agentSubject } from '#protocol/subjects.ts';
import type { Swarm } from './swarm.ts';
import { splitTask, type PlannedTask } from '../plan/task-graph.ts';

/** How long an agent has to take or decline a task, in milliseconds. */
const ANSWER_MS = 30_000;

/** Errors of the bus that say no more than that no answer comes. */
const NO_ANSWER: readonly string[] = ['no-responder', 'request-timeout', 'inbox-full'];

/** The name under which the supervisor speaks. */
export const SUPERVISOR_NAME = 'agent:supervisor';

/** Whom it is sent to, how long they may be silent, and what is leased besides its write set. */
export interface Addressee {
  readonly agent: SwarmAgent;
  readonly ttlMs: number;
  readonly more: readonly string[];
}

/** The agent's answer; undefined when it gives none. */
export async function sendTask(
  { work, tools }: Swarm,
  { id: task, title }: Pick<PlannedTask, 'id' | 'title'>,
  { agent, ttlMs, more }: Addressee,
): Promise<DispatchAnswer | undefined> {
  const { mission, ledger, newId } = work;
  const id = newId();
  const sentAt = new Date(work.now()).toISOString();
  const text = `do task ${splitTask(task)[1]}: ${title}`;
  const data = { to: agent.name, kind: 'dispatch', text, task, sentAt };
  const subject = `message/${id}`;
  await work.record('note.record', { type: 'message.sent', subject, mission, data });
  const said = { id, from: SUPERVISOR_NAME, kind: 'dispatch', text, about: [], task };
  const message = {
    id,
    subject: agentSubject(ledger.space, agent.name),
    from: SUPERVISOR_NAME,
    sentAt,
    body: { ...said, dispatch: { task, ttlMs, more } },
  };
  try {
    return (await tools.bus.request(message, ANSWER_MS)) as DispatchAnswer;
  } catch (thrown) {
    const error = toSkeinError(thrown);
    if (NO_ANSWER.includes(error.name)) return undefined;
    throw error;
  }
}
