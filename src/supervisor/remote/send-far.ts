/**
 * Sends a task to a worker on another node: a message on the record that waits in its inbox, and an
 * order that names trees and blobs. Its answer is a claim, which is on the record as well.
 */
import type { DispatchAnswer, FarPlace, SwarmAgent } from '#agents/swarm-agent.ts';
import { decodeEvent, type SkeinEvent } from '#protocol/event-types.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { WorkOrder } from '#tasks/requests/work-order.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import { taskTreeRef } from '#workspace/trees/task-tree.ts';
import { splitTask, type PlannedTask } from '../plan/task-graph.ts';
import type { Swarm } from '../swarm/swarm.ts';
import { editsOf } from '../swarm/task/planned-edits.ts';
import { writtenFiles } from '../swarm/task/written-files.ts';
import type { Offer } from './offers.ts';
import type { RemoteWorkers } from './remote-workers.ts';

/** Whom it is sent to, how long they may be silent, and what is leased besides its write set. */
export interface FarAddressee {
  readonly agent: SwarmAgent;
  readonly far: FarPlace;
  readonly ttlMs: number;
  readonly more: readonly string[];
}

/** The answer, undefined when there is none in time; the offer lasts until it is ended. */
export interface SentFar {
  readonly offer: Offer;
  readonly answer: DispatchAnswer | undefined;
}

/** What is sent, and from where. */
export interface SendingFar {
  readonly swarm: Swarm;
  readonly remote: RemoteWorkers;
  readonly planned: PlannedTask;
}

/** Sends it and waits for the claim. */
export async function sendFar(sending: SendingFar, addressee: FarAddressee): Promise<SentFar> {
  const { swarm, remote, planned } = sending;
  const { work, tools } = swarm;
  const { agent, far } = addressee;
  const { repository } = work;
  const tree = await presentTree(swarm, planned);
  const { id: task } = planned;
  const offer = remote.offers.make({ task, agent: agent.name, node: far.node, tree, repository });
  const stop = new AbortController();
  const cancel = tools.timers.after(remote.answerMs, () => stop.abort(noAnswer(agent.name)));
  const signal = AbortSignal.any([stop.signal, work.signal]);
  try {
    const after = work.ledger.stats().events;
    await sendOrder(sending, addressee, tree);
    return { offer, answer: await claimOf(swarm, offer, { after, signal }) };
  } catch (thrown) {
    remote.offers.end(offer, noAnswer(agent.name));
    throw thrown;
  } finally {
    cancel();
  }
}

const noAnswer = (agent: string): SkeinError =>
  new SkeinError('agent-lost', `Cannot go on: ${agent} did not claim the task in time`);

/** The base with what earlier plans have written in the write set; objects only, no ref is moved. */
async function presentTree({ work, ...swarm }: Swarm, planned: PlannedTask): Promise<string> {
  const { repository, worktree, base, world } = work;
  const files = writtenFiles({ work, ...swarm }, planned.writeSet);
  const ref = taskTreeRef(...splitTask(planned.id));
  return (await world.trees.prepare(repository, { worktree, base, files, ref })).tree;
}

async function sendOrder(
  { swarm, planned }: Omit<SendingFar, 'remote'>,
  { agent, ttlMs, more }: FarAddressee,
  tree: string,
): Promise<void> {
  const { work } = swarm;
  const { ledger, mission, repository, record } = work;
  const { id: task, title } = planned;
  const { objectFormat } = repository;
  const edits = [];
  for (const { after, ...edit } of editsOf(swarm, planned)) {
    edits.push({ ...edit, after: await ledger.blobs.put(after) });
  }
  const order: WorkOrder = {
    format: 'skein-work-1',
    mission,
    task,
    ttlMs,
    more,
    objectFormat,
    tree,
    edits,
  };
  const body = await ledger.blobs.put(Buffer.from(JSON.stringify(order)));
  // One that died over it may come back to it for as long as its lease may last.
  const text = `do task ${splitTask(task)[1]}: ${title}`;
  const message = { to: agent.name, kind: 'dispatch', text, body, expiresInMs: ttlMs };
  await record('message.send', message);
}

/** Tells the worker what became of its work: which events, or that it came to nothing. */
export function settleOffer({ work }: Swarm, { task, settled }: Offer, end: string): void {
  if (end !== 'done' && end !== 'unmet') return;
  const { ledger, mission } = work;
  const last = ledger.read.events({ after: 0, mission, newestFirst: true, limit: 100 });
  const home = ledger.read.entity('task', task)?.home;
  const done = last.flatMap(({ type, author, body }) => {
    if (type !== 'task.done' || author !== home || body === null) return [];
    const { event } = decodeEvent(body);
    return event.subject === `task/${task}` ? [event.id] : [];
  });
  settled.resolve(done);
}

interface Waiting {
  readonly after: number;
  readonly signal: AbortSignal;
}

/** What the record says of the claim. Throws when the mission stops. */
async function claimOf(
  { work }: Swarm,
  offer: Offer,
  { after, signal }: Waiting,
): Promise<DispatchAnswer | undefined> {
  const { ledger } = work;
  const { task, agent } = offer;
  const home = ledger.read.entity('task', task)?.home;
  for await (const page of ledger.subscribe({ after, follow: true, signal })) {
    for (const { type, author, body } of page) {
      if (body === null || (type !== 'task.claimed' && type !== 'request.rejected')) continue;
      // What another member says of a task of ours is void.
      if (author !== home) continue;
      const decoded = decodeEvent(body);
      const event: SkeinEvent | undefined = decoded.known ? decoded.event : undefined;
      if (event?.type === 'task.claimed' && event.subject === `task/${task}`) {
        return event.data.agent === agent ? takenAs(work, event.data.lease) : undefined;
      }
      if (event?.type !== 'request.rejected' || event.cause !== offer.claim) continue;
      if (event.data.error !== 'path-held') return undefined;
      return { type: 'declined', holder: '', path: event.data.detail };
    }
  }
  work.signal.throwIfAborted();
  const state = ledger.read.entity('task', task)?.body as TaskState | undefined;
  return state?.agent === agent ? takenAs(work, state.lease ?? '') : undefined;
}

function takenAs({ ledger }: Swarm['work'], lease: string): DispatchAnswer {
  const held = ledger.read.entity('lease', lease)?.body as LeaseState | undefined;
  return { type: 'taken', lease: { lease, token: held?.token ?? 0 } };
}
