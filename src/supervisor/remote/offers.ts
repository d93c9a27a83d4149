/**
 * Tasks that were sent to workers on other nodes and are not over: who may claim which, and hand over
 * what. Known to this process only: after a crash every task is sent anew, and what was sent before is
 * over with the leases of that time.
 */
import type { Ledger } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';
import { leaseProblem } from '#tasks/lease-decider.ts';
import type { MadeRequest } from '#tasks/requests/request-desk.ts';
import { readHandedOver, type HandedOver } from '#tasks/requests/work-order.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { Repository } from '#workspace/git/open-repository.ts';

/** A task in the hands of a worker: `agent` is its name on the record, `node` the key of its node. */
export interface Offer {
  readonly task: string;
  readonly agent: string;
  readonly node: string;
  readonly tree: string;
  readonly repository: Repository;
  /** What it said it did. */
  readonly handed: PromiseWithResolvers<HandedOver>;
  /** What became of that: told to the worker. */
  readonly settled: PromiseWithResolvers<readonly string[]>;
  /** The request by which it claims, once that is here. */
  claim: string | undefined;
  alive: () => void;
}

/** What a new offer is made of. */
export type NewOffer = Pick<Offer, 'task' | 'agent' | 'node' | 'tree' | 'repository'>;

/** The offers of one space. */
export class Offers {
  readonly #open = new Map<string, Offer>();
  readonly #ledger: Pick<Ledger, 'read'>;
  readonly #epoch: number;

  constructor(ledger: Pick<Ledger, 'read'>, epoch: number) {
    this.#ledger = ledger;
    this.#epoch = epoch;
  }

  /** From now on the worker may claim the task. */
  make(offer: NewOffer): Offer {
    const made: Offer = {
      ...offer,
      handed: Promise.withResolvers(),
      settled: Promise.withResolvers(),
      claim: undefined,
      alive: () => undefined,
    };
    // Nobody may be listening when it ends.
    for (const { promise } of [made.handed, made.settled]) promise.catch(() => undefined);
    this.#open.set(offer.task, made);
    return made;
  }

  /** Whatever the worker still says of it is refused. */
  end(offer: Offer, why: SkeinError): void {
    if (this.#open.get(offer.task) === offer) this.#open.delete(offer.task);
    offer.handed.reject(why);
    offer.settled.reject(why);
  }

  /** Throws unless who asks was sent the task that it claims. */
  admit(request: MadeRequest): void {
    if (request.name !== 'task.claim') return;
    const offer = this.#of(taskOf(request.input), request);
    if (offer === undefined) {
      throw new SkeinError('unauthorized', `Cannot claim: ${request.actor} was not sent that task`);
    }
    offer.claim = request.id;
  }

  /** Takes in what a worker hands over, and answers when it is settled. */
  async handOver(request: MadeRequest): Promise<readonly string[]> {
    const said = readHandedOver(request.input);
    const problem = this.#leaseProblem(said);
    const offer = this.#of(said.task, request);
    if (offer === undefined || problem !== undefined) {
      const why = problem ?? `${request.actor} was not sent that task, or too long ago`;
      throw new SkeinError('lease-missing', `Cannot take over ${said.task}: ${why}`);
    }
    offer.alive();
    offer.handed.resolve(said);
    return offer.settled.promise;
  }

  /** A sign of life of a worker. */
  alive(task: string, node: string): void {
    const offer = this.#open.get(task);
    if (offer?.node === node) offer.alive();
  }

  /** The offer that lets a node have a tree. */
  ofTree(task: string, tree: string, node: string): Offer | undefined {
    const offer = this.#open.get(task);
    return offer?.node === node && offer.tree === tree ? offer : undefined;
  }

  #of(task: string, { actor, author }: MadeRequest): Offer | undefined {
    const offer = this.#open.get(task);
    return offer?.node === author && offer.agent === actor ? offer : undefined;
  }

  #leaseProblem({ task, token }: HandedOver): string | undefined {
    const { read } = this.#ledger;
    const state = read.entity('task', task)?.body as TaskState | undefined;
    const lease = read.entity('lease', state?.lease ?? '')?.body as LeaseState | undefined;
    return leaseProblem(lease, token, this.#epoch);
  }
}

/** Whatever was sent: what is no JSON names no task. */
function taskOf(json: string): string {
  try {
    const input = JSON.parse(json) as { readonly task?: unknown } | null;
    return String(input?.task);
  } catch {
    return '';
  }
}
