/**
 * Workers on other nodes, for the missions of one space: who is free, what was sent to whom, and what
 * they ask for. Requests of other nodes are answered here also when nobody works for this one.
 */
import type { Ledger } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';
import { RequestDesk, type DeskOptions } from '#tasks/requests/request-desk.ts';
import { HAND_OVER } from '#tasks/requests/work-order.ts';
import { makeBundle } from '#workspace/git/bundle/bundle.ts';
import type { BundleWish } from '#workspace/git/bundle/bundle-transfer.ts';
import type { Link } from '#sync/link/link.ts';
import { checkWork, type CheckWork } from './check-work.ts';
import { Offers } from './offers.ts';

/** A worker that is there: the id of the agent, the key of its node, and what it has to do. */
export interface FarWorker {
  readonly id: string;
  readonly node: string;
  readonly waiting: number;
}

/** What it is made of. */
export interface RemoteWorkersOptions extends Pick<DeskOptions, 'node' | 'secret' | 'report'> {
  readonly ledger: Ledger;
  readonly epoch: number;
  /** Agents of other nodes that may edit, are alive, and are not at work. */
  readonly candidates: () => readonly FarWorker[];
  /** The link to a node, when there is one. */
  readonly link: (node: string) => Pick<Link, 'call'> | undefined;
  /** How long they may be silent before their lease ends, in milliseconds. */
  readonly ttlMs?: number;
  /** How long they have to claim, in milliseconds. */
  readonly answerMs?: number;
  readonly check?: CheckWork;
}

/** They say every 10 seconds that they are at work; a link may have to be made anew in between. */
const TTL_MS = 45_000;
const ANSWER_MS = 30_000;

/** Opened once for each space. */
export class RemoteWorkers {
  readonly offers: Offers;
  readonly ttlMs: number;
  readonly answerMs: number;
  readonly check: CheckWork;
  readonly link: RemoteWorkersOptions['link'];
  readonly #options: RemoteWorkersOptions;
  readonly #desk: RequestDesk;

  constructor(options: RemoteWorkersOptions) {
    const { ledger, epoch, ttlMs = TTL_MS, answerMs = ANSWER_MS } = options;
    this.#options = options;
    this.ttlMs = ttlMs;
    this.answerMs = answerMs;
    this.check = options.check ?? checkWork;
    this.link = options.link;
    this.offers = new Offers(ledger, epoch);
    this.#desk = new RequestDesk({
      ...options,
      admit: (request) => this.offers.admit(request),
      handlers: { [HAND_OVER]: (request) => this.offers.handOver(request) },
    });
  }

  /** Who could be sent a task now, the least busy first; `isTaken` are those at work already. */
  free(isTaken: (agent: string) => boolean): FarWorker | undefined {
    const { candidates, link } = this.#options;
    return candidates()
      .filter(({ id, node }) => link(node) !== undefined && !isTaken(`agent:${id}`))
      .toSorted((a, b) => a.waiting - b.waiting)[0];
  }

  /** The bundle of a tree for the node that was sent it. Throws `unauthorized`. */
  async bundle({ task, tree, have }: BundleWish, peer: string): Promise<Buffer> {
    const offer = this.offers.ofTree(task, tree, peer);
    if (offer === undefined) {
      throw new SkeinError('unauthorized', `Cannot send the tree of ${task}: it was not offered`);
    }
    offer.alive();
    return makeBundle(offer.repository, { tree, have });
  }

  close(): Promise<void> {
    return this.#desk.close();
  }
}
