/**
 * An agent that works for missions of other nodes: takes orders from its inbox, claims the task from
 * its home, does it in a place of its own, and hands it over. Each step has an id that follows from the
 * order: after a crash the order comes again, and nothing is asked for twice.
 */
import { derivedId } from '#bus/inbox/derived-id.ts';
import { findEvent, type Letter } from '#bus/inbox/letters.ts';
import type { Mailroom } from '#bus/inbox/mailroom.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { agentId, shortNode } from '#protocol/address.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { Link } from '#sync/link/link.ts';
import type { LeaseToken } from '#tasks/lease-decider.ts';
import { askHome, type HomeAnswer } from '#tasks/requests/ask-home.ts';
import {
  ALIVE_METHOD,
  EDIT_SKILL,
  HAND_OVER,
  readOrder,
  type WorkOrder,
} from '#tasks/requests/work-order.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import { fetchBundle } from '#workspace/git/bundle/bundle-transfer.ts';
import type { WorkPlace, WorkStep } from './work-place.ts';

/** What a worker is made of. `name` is without the node; `node` is this node's key. */
export interface WorkerOptions {
  readonly name: string;
  readonly ledger: Ledger;
  readonly mailroom: Pick<Mailroom, 'follow'>;
  readonly node: string;
  /** Known to this node only, the same at every start. */
  readonly secret: string;
  readonly newId: () => string;
  readonly place: Pick<WorkPlace, 'carryOut'>;
  /** The content of a blob, wherever in the space it is. */
  readonly fetchBlob: (hash: string) => Promise<Uint8Array>;
  /** The link to a node, when there is one. */
  readonly link: (node: string) => Pick<Link, 'call' | 'tell'> | undefined;
  readonly after: (ms: number, callback: () => void) => () => void;
  readonly report: (error: SkeinError) => void;
  /** For fault tests: named instants at which it may die. */
  readonly pause?: (point: WorkPoint) => Promise<void> | void;
}

/** The instants between the steps of an order. */
export type WorkPoint = 'ordered' | 'claimed' | WorkStep | 'handed-over';

/** How long a claim may take; whoever waits longer was not waited for. */
const CLAIM_MS = 60_000;

/** How often a worker says that it is at work. */
const ALIVE_MS = 10_000;

/** An order that is not done with by then comes again: early enough for what is left of its lease. */
const HANDLE_MS = 20_000;

/** An order in hand: `home` is the key of the node that it came from. */
interface Job {
  readonly letter: Letter;
  readonly order: WorkOrder;
  readonly home: string;
}

/** Opened once for each name and space; `close` ends its work where it is. */
export class Worker {
  readonly id: string;
  readonly #options: WorkerOptions;
  readonly #speaker: Speaker;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.id = agentId(options.name, options.node);
    this.#speaker = { actor: `agent:${options.name}`, authority: 'peer' };
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort(new SkeinError('interrupted', 'Cannot go on: the node stops'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { mailroom } = this.#options;
    const { signal } = this.#closing;
    try {
      await this.#register();
      const follower = { speaker: this.#speaker, most: 1, signal };
      for await (const letter of mailroom.follow(this.id, follower)) await this.#handle(letter);
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  /** Who was not admitted yet tries again with every commit that arrives. */
  async #register(): Promise<void> {
    const { ledger, name, node, newId } = this.#options;
    const { signal } = this.#closing;
    const speaker: Speaker = { actor: `node:${shortNode(node)}`, authority: 'system' };
    const card = { name, role: 'coder', skills: [EDIT_SKILL], topics: [] };
    const input = { ...card, handleMs: HANDLE_MS };
    const tryIt = async (): Promise<boolean> => {
      try {
        await ledger.execute({ id: newId(), name: 'agent.register', input }, speaker);
        return true;
      } catch (thrown) {
        if (toSkeinError(thrown).name !== 'not-member') throw thrown;
        return false;
      }
    };
    const after = ledger.stats().events;
    if (await tryIt()) return;
    for await (const page of ledger.subscribe({ after, follow: true, signal })) {
      if (page.length > 0 && (await tryIt())) return;
    }
  }

  /** Whatever comes of it, the letter is done with; unless the node dies over it. */
  async #handle(letter: Letter): Promise<void> {
    try {
      if (letter.kind === 'dispatch') await this.#work(letter);
    } catch (thrown) {
      this.#report(thrown);
    }
    if (this.#closing.signal.aborted) return;
    const input = { inbox: this.id, message: letter.id, processingMs: 0 };
    await this.#say('message.ack', input).catch((thrown: unknown) => {
      // It was away for so long that somebody else decided about the letter.
      if (toSkeinError(thrown).name !== 'conflict') this.#report(thrown);
    });
  }

  async #work(letter: Letter): Promise<void> {
    const job = await this.#read(letter);
    await this.#pause('ordered');
    const lease = await this.#claim(job);
    if (lease === undefined) return;
    await this.#pause('claimed');
    const quiet = this.#showLife(job, lease);
    try {
      await this.#do(job, lease);
    } catch (thrown) {
      this.#closing.signal.throwIfAborted();
      this.#report(thrown);
      await this.#giveBack(job, lease, toSkeinError(thrown));
    } finally {
      quiet();
    }
  }

  /** Only the home of a task may send it, whatever else an order says. */
  async #read(letter: Letter): Promise<Job> {
    const { ledger, fetchBlob } = this.#options;
    if (letter.body === undefined) throw notOurs(letter, 'it has no order');
    const order = readOrder(Buffer.from(await fetchBlob(letter.body.hash)).toString());
    const home = findEvent(ledger.read, 'message.sent', letter.id)?.author;
    const task = ledger.read.entity('task', order.task);
    if (home === undefined || task?.home !== home) throw notOurs(letter, 'it is not from its home');
    return { letter, order, home };
  }

  async #claim(job: Job): Promise<LeaseToken | undefined> {
    const { ledger } = this.#options;
    const { task, ttlMs, more } = job.order;
    const agent = `agent:${this.id}`;
    const input = { task, agent, ttlMs, more };
    const answer = await this.#ask(job, 'task.claim', input, CLAIM_MS);
    if (answer?.type !== 'accepted') return undefined;
    const state = ledger.read.entity('task', task)?.body as TaskState | undefined;
    const lease = state?.lease ?? '';
    const held = ledger.read.entity('lease', lease)?.body as LeaseState | undefined;
    // The order came again after a crash, and somebody else has the task by now.
    if (held?.holder !== agent || held.status !== 'held') return undefined;
    return { lease, token: held.token };
  }

  async #do(job: Job, { token }: LeaseToken): Promise<void> {
    const { place, ledger, link, fetchBlob } = this.#options;
    const { order, home } = job;
    const { task, tree, ttlMs } = order;
    const said = await place.carryOut(order, {
      token,
      fetchBlob,
      signal: this.#closing.signal,
      step: (what) => this.#pause(what),
      fetchTree: (have) => {
        const to = link(home);
        if (to === undefined) throw new SkeinError('node-unreachable', `Cannot fetch ${tree}`);
        return fetchBundle(to, { space: ledger.space, task, tree, have });
      },
    });
    // When the home is away the request stays on the record: what becomes of it is decided there.
    const answering = this.#ask(job, HAND_OVER, said, ttlMs);
    answering.catch(() => undefined);
    await this.#pause('handed-over');
    await answering;
  }

  /** So that somebody else may have the task; if that can't be told, its lease runs out. */
  async #giveBack(job: Job, { token }: LeaseToken, { message }: SkeinError): Promise<void> {
    const input = { task: job.order.task, reason: message.slice(0, 500), token };
    await this.#ask(job, 'task.release', input, CLAIM_MS);
  }

  /** The answer of the home, undefined when there is none in time. */
  async #ask(
    { letter, order, home }: Job,
    name: string,
    input: object,
    ms: number,
  ): Promise<HomeAnswer | undefined> {
    const { ledger, secret, after } = this.#options;
    const late = new AbortController();
    const cancel = after(ms, () => late.abort(new SkeinError('request-timeout', 'No answer yet')));
    const signal = AbortSignal.any([late.signal, this.#closing.signal]);
    const id = derivedId(secret, letter.id, name);
    const request = { id, to: home, name, input, mission: order.mission };
    try {
      return await askHome({ ledger, speaker: this.#speaker, signal }, request);
    } catch (thrown) {
      this.#closing.signal.throwIfAborted();
      if (late.signal.aborted) return undefined;
      throw thrown;
    } finally {
      cancel();
    }
  }

  /** A signal, not recorded: whether it arrives is seen by the lease. */
  #showLife({ order, home }: Job, { token }: LeaseToken): () => void {
    const { link, after, ledger } = this.#options;
    const { task } = order;
    let cancel = (): void => undefined;
    const beat = (): void => {
      link(home)?.tell(ALIVE_METHOD, { space: ledger.space, task, token });
      cancel = after(ALIVE_MS, beat);
    };
    beat();
    return () => cancel();
  }

  async #say(name: string, input: object): Promise<void> {
    const { ledger, newId } = this.#options;
    await ledger.execute({ id: newId(), name, input }, this.#speaker);
  }

  async #pause(point: WorkPoint): Promise<void> {
    await this.#options.pause?.(point);
    this.#closing.signal.throwIfAborted();
  }

  #report(thrown: unknown): void {
    if (!this.#closing.signal.aborted) this.#options.report(toSkeinError(thrown));
  }
}

const notOurs = ({ id }: Letter, state: string): SkeinError =>
  new SkeinError('message-invalid', `Cannot work on what message ${id} orders: ${state}`);
