/**
 * Work between nodes: the workers that this one has for others, and those of others for missions
 * here. One for a node; each space that is exchanged is opened in it.
 */
import { mkdirSync } from 'node:fs';
import { WorkPlace } from '#agents/remote/work-place.ts';
import { Worker, type WorkerOptions } from '#agents/remote/worker.ts';
import type { Mailroom } from '#bus/inbox/mailroom.ts';
import type { Ledger } from '#ledger/ledger.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Registry } from '#registry/registry.ts';
import type { Link, LinkMessage } from '#sync/link/link.ts';
import type { PeerMethod } from '#sync/sync.ts';
import {
  RemoteWorkers,
  type FarWorker,
  type RemoteWorkersOptions,
} from '#supervisor/remote/remote-workers.ts';
import { ALIVE_METHOD, aliveParams, EDIT_SKILL } from '#tasks/requests/work-order.ts';
import {
  BUNDLE_METHOD,
  serveBundles,
  type BundleWish,
} from '#workspace/git/bundle/bundle-transfer.ts';
import type { EditJudge } from '#workspace/apply-edit.ts';
import type { FilesPort } from '#workspace/world.ts';

/** What it is made of. `folder` is `<home>/repositories`. */
export interface FarWorkOptions {
  readonly node: string;
  readonly secret: string;
  readonly epoch: number;
  readonly folder: string;
  readonly reflex: EditJudge;
  readonly files: Pick<FilesPort, 'write'>;
  readonly newId: () => string;
  readonly after: WorkerOptions['after'];
  readonly report: (error: SkeinError) => void;
  readonly pause?: WorkerOptions['pause'];
  readonly remote?: Pick<RemoteWorkersOptions, 'ttlMs' | 'answerMs' | 'check'>;
}

/** A space that is exchanged with others. */
export interface FarSpaceOptions {
  readonly ledger: Ledger;
  readonly mailroom: Mailroom;
  readonly registry: Pick<Registry, 'agents'>;
  readonly fetchBlob: (hash: string) => Promise<Uint8Array>;
  readonly link: (node: string) => Link | undefined;
  /** How many agents of this node work for others. */
  readonly workers: number;
}

interface OpenSpace {
  readonly options: FarSpaceOptions;
  readonly remote: RemoteWorkers;
  readonly place: WorkPlace;
  readonly workers: readonly Worker[];
}

/** The work of a node for others, and of others for it. */
export class FarWork {
  readonly #options: FarWorkOptions;
  readonly #spaces = new Map<string, OpenSpace>();
  /** For the links: hand them to sync. */
  readonly methods: Readonly<Record<string, PeerMethod>>;

  constructor(options: FarWorkOptions) {
    this.#options = options;
    this.methods = {
      [BUNDLE_METHOD]: serveBundles((wish, peer) => this.#bundle(wish, peer)),
      [ALIVE_METHOD]: (message, peer) => this.#alive(message, peer),
    };
  }

  /** Workers of other nodes for missions of a space; undefined while it is exchanged with nobody. */
  remoteOf(space: string): RemoteWorkers | undefined {
    return this.#spaces.get(space)?.remote;
  }

  /** Begins to answer requests of other nodes, and to work for them. The answer ends that. */
  open(space: FarSpaceOptions): () => Promise<void> {
    const { ledger, mailroom, registry, fetchBlob, link, workers: count } = space;
    const { node, secret, epoch, folder, newId, after, report, pause } = this.#options;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const remote = new RemoteWorkers({
      ...this.#options.remote,
      ledger,
      node,
      secret,
      epoch,
      report,
      link,
      candidates: () => candidates(registry, node),
    });
    const place = new WorkPlace({ ...this.#options, space: ledger.space });
    const parts = { ledger, mailroom, node, secret, newId, place, fetchBlob, link, after, report };
    const paused = pause === undefined ? {} : { pause };
    const worker = (name: string): Worker => new Worker({ name, ...parts, ...paused });
    const workers = Array.from({ length: count }, (_, index) => worker(`worker-${index + 1}`));
    const open: OpenSpace = { options: space, remote, place, workers };
    this.#spaces.set(ledger.space, open);
    return async () => {
      if (this.#spaces.get(ledger.space) === open) this.#spaces.delete(ledger.space);
      await Promise.all([remote.close(), ...workers.map((each) => each.close())]);
    };
  }

  /** What was offered from here, or made here for the node that asks. */
  async #bundle(wish: BundleWish, peer: string): Promise<Buffer> {
    const { remote, place, options } = this.#shared(wish.space, peer);
    const { task, tree } = wish;
    if (remote.offers.ofTree(task, tree, peer) !== undefined) return remote.bundle(wish, peer);
    if (options.ledger.read.entity('task', task)?.home !== peer) {
      throw new SkeinError('unauthorized', `Cannot send the tree of ${task}: it was not offered`);
    }
    const mission = task.slice(0, Math.max(0, task.lastIndexOf('.')));
    const objectFormat = tree.length === 40 ? 'sha1' : 'sha256';
    return place.bundle({ task, mission, objectFormat }, wish);
  }

  #alive({ params }: LinkMessage, peer: string): LinkMessage {
    if (aliveParams.problem(params, 'params') === undefined) {
      const { space, task } = params as { readonly space: string; readonly task: string };
      this.#shared(space, peer).remote.offers.alive(task, peer);
    }
    return { params: null };
  }

  /** To who is no member a space does not exist. */
  #shared(space: string, peer: string): OpenSpace {
    const open = this.#spaces.get(space);
    const state = open?.options.ledger.read.entity('space', space)?.body as SpaceState | undefined;
    if (open !== undefined && state !== undefined && Object.hasOwn(state.members, peer))
      return open;
    throw new SkeinError('not-found', `Cannot find space ${space.slice(0, 40)}`);
  }
}

/** Who is there, has the skill, and has nothing to do. */
function candidates(registry: Pick<Registry, 'agents'>, node: string): FarWorker[] {
  return registry
    .agents({ skill: EDIT_SKILL })
    .filter((each) => each.node !== node && each.presence === 'alive')
    .filter(({ inFlight }) => inFlight === 0)
    .map(({ id, node: at, waiting }) => ({ id, node: at, waiting }));
}
