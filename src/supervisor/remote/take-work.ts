/**
 * Takes over what a worker on another node did: its git objects are fetched, looked at beside the
 * repository, and come in as edits through the home's own door. Nothing of it gets into the repository
 * otherwise.
 */
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import type { HandedOver } from '#tasks/requests/work-order.ts';
import type { ProposedEdit } from '#workspace/apply-edit.ts';
import { fetchBundle } from '#workspace/git/bundle/bundle-transfer.ts';
import { readBundle } from '#workspace/git/bundle/read-bundle.ts';
import type { TaskAtWork } from '../swarm/task/task-at-work.ts';
import { assertWork } from './check-work.ts';
import type { Offer } from './offers.ts';
import type { RemoteWorkers } from './remote-workers.ts';

/**
 * Waits for the hand-over and answers its edits, which are those of the plan. Throws `agent-lost` when
 * the worker gave the task back or did something else, and the reason of a mission that stops.
 */
export async function takeWork(
  at: TaskAtWork,
  remote: RemoteWorkers,
  { offer, edits }: Pick<Handed, 'offer' | 'edits'>,
): Promise<readonly ProposedEdit[]> {
  const { assignment } = at;
  offer.alive = assignment.alive;
  const said = await handedOver(at, offer);
  try {
    const after = await look(at, remote, { offer, said, edits });
    assignment.alive();
    return edits.map((edit) => ({ ...edit, after: after.get(edit.path) ?? edit.after }));
  } catch (thrown) {
    assignment.work.signal.throwIfAborted();
    const error = toSkeinError(thrown);
    offer.settled.reject(error);
    throw lost(offer, error.message, error);
  }
}

const lost = ({ agent, task }: Offer, why: string, cause?: unknown): SkeinError =>
  new SkeinError('agent-lost', `Cannot take task ${task} from ${agent}: ${why}`, { cause });

/** Its lease may end before: then the record says so. */
async function handedOver({ assignment }: TaskAtWork, offer: Offer): Promise<HandedOver> {
  const { work, lease } = assignment;
  const { ledger, mission } = work;
  const over = new AbortController();
  const signal = AbortSignal.any([work.signal, over.signal]);
  const after = ledger.stats().events;
  const home = ledger.read.entity('task', offer.task)?.home;
  const ended = (async (): Promise<never> => {
    for await (const page of ledger.subscribe({ after, mission, follow: true, signal })) {
      for (const { type, author, body } of page) {
        // What another member says of a lease of ours is void.
        if (body === null || type !== 'lease.released' || author !== home) continue;
        const { event } = decodeEvent(body);
        if (event.subject === `lease/${lease.lease}`) throw lost(offer, 'it gave the task back');
      }
    }
    work.signal.throwIfAborted();
    return new Promise<never>(() => undefined);
  })();
  try {
    return await Promise.race([offer.handed.promise, ended]);
  } finally {
    over.abort();
    ended.catch(() => undefined);
  }
}

interface Handed {
  readonly offer: Offer;
  readonly said: HandedOver;
  readonly edits: readonly ProposedEdit[];
}

/** The planned files as they are in the tree of the worker. */
async function look(
  { planned, assignment }: TaskAtWork,
  remote: RemoteWorkers,
  { offer, said, edits }: Handed,
): Promise<ReadonlyMap<string, Buffer>> {
  const { work } = assignment;
  const link = remote.link(offer.node);
  if (link === undefined) {
    throw new SkeinError('node-unreachable', 'Cannot fetch its work: its node is not linked');
  }
  if (said.tree === offer.tree) {
    throw new SkeinError('evidence-missing', 'Cannot take over: nothing was changed');
  }
  const { tree } = said;
  const { space } = work.ledger;
  const wish = { space, task: offer.task, tree, have: [offer.tree] };
  const bundle = await fetchBundle(link, wish);
  const paths = edits.map(({ path }) => path);
  const found = await readBundle(work.repository, bundle, { tree, base: offer.tree, paths });
  assertWork(remote.check, { said, writeSet: planned.writeSet, edits, ...found });
  return found.contents;
}
