/**
 * An agent inside a node: an object that listens on the bus, knows its peers, and takes or declines
 * what the supervisor sends. Doing the work is the matter of its role (`coder.ts` and the others).
 * Idle, it is this object and two subscriptions.
 */
import type { Bus, BusMessage, BusSubscription } from '#bus/bus.ts';
import { toSkeinError } from '#protocol/errors.ts';
import type { MessageKind } from '#protocol/events/message.ts';
import { agentSubject, topicSubject } from '#protocol/subjects.ts';
import type { LeaseToken } from '#tasks/lease-decider.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import { settle, type Opinion } from './precedence.ts';
import { emptySituation, hear, type PeerMessage, type Situation } from './situation.ts';

/** What an agent does. */
export type Role = 'scout' | 'coder' | 'critic' | 'runner';

/** What the supervisor sends; `more` are paths to be leased besides the write set. */
export interface Dispatch {
  readonly task: string;
  readonly ttlMs: number;
  readonly more: readonly string[];
}

/** The answer to a dispatch: taken, or declined because a peer has the right of way. */
export type DispatchAnswer =
  | { readonly type: 'taken'; readonly lease: LeaseToken }
  | { readonly type: 'declined'; readonly holder: string; readonly path: string };

/** The answer of a peer that was told of a place, or asked for one. */
export interface PeerAnswer {
  /** Whether it takes the change over. */
  readonly takes: boolean;
  readonly text: string;
}

/** How an agent at work answers a peer; set by whoever works in its name. */
export type AnswerPeer = (message: PeerMessage) => PeerAnswer | Promise<PeerAnswer>;

/** Where an agent of another node is: its id, and the key of its node. */
export interface FarPlace {
  readonly id: string;
  readonly node: string;
}

/**
 * What an agent is made of. `work` is its mission, in its own name. With `far` it stands here for one
 * of another node: it hears and answers peers, and what it edits was done there.
 */
export interface SwarmAgentOptions {
  readonly name: string;
  readonly role: Role;
  readonly bus: Bus;
  readonly work: MissionWork;
  readonly far?: FarPlace;
}

/** How long a peer has for an answer, in milliseconds. */
const ANSWER_MS = 5_000;

/** Errors of the bus that say no more than that no answer comes. */
const NO_ANSWER: readonly string[] = ['no-responder', 'request-timeout', 'inbox-full'];

const notAtWork: PeerAnswer = { takes: false, text: 'I am not at work on that' };

/** Inside the node an agent of another one listens as well: its name has no place in a subject. */
const subjectOf = (space: string, agent: string): string =>
  agentSubject(space, agent.replace('@', '_at_'));

const iso = (ms: number): string => new Date(ms).toISOString();

/** One agent of one mission. */
export class SwarmAgent {
  readonly name: string;
  readonly role: Role;
  readonly work: MissionWork;
  readonly far: FarPlace | undefined;
  readonly #bus: Bus;
  #situation: Situation = emptySituation;
  #subscriptions: readonly BusSubscription[] = [];
  #answer: AnswerPeer | undefined;
  /** The task it is at work on. */
  task: string | null = null;
  /** It gave no sign of life and is not asked any more. */
  isLost = false;

  constructor({ name, role, bus, work, far }: SwarmAgentOptions) {
    this.name = name;
    this.role = role;
    this.work = work;
    this.far = far;
    this.#bus = bus;
  }

  /** What it knows of its peers. */
  get situation(): Situation {
    return this.#situation;
  }

  /** Begins to listen: to what is sent to itself, and to what its mission's agents tell everybody. */
  join(): void {
    const { space } = this.work.ledger;
    this.#subscriptions = [
      this.#bus.subscribe(subjectOf(space, this.name), (message) => this.#receive(message)),
      this.#bus.subscribe(topicSubject(space, this.work.mission), (message) => {
        const heard = message.body as PeerMessage;
        if (heard.from !== this.name) this.#situation = hear(this.#situation, heard);
      }),
    ];
  }

  /** Stops listening. */
  leave(): void {
    for (const subscription of this.#subscriptions) subscription.close();
    this.#subscriptions = [];
  }

  /** From now on peers are answered by `answer`: its task may take something over. */
  answerPeersBy(answer: AnswerPeer | undefined): void {
    this.#answer = answer;
  }

  /** Tells all agents of the mission; `about` are paths it takes care of from now on. */
  async announce(task: string, text: string, about: readonly string[]): Promise<void> {
    const { space } = this.work.ledger;
    const topic = `mission:${this.work.mission}`;
    const body = await this.#record({ to: topic, kind: 'announce', text, about, task });
    this.#situation = hear(this.#situation, body);
    await this.#bus.publish(this.#envelope(topicSubject(space, this.work.mission), body));
  }

  /** Tells one peer and waits for its answer; undefined when it does not answer. */
  async tell(
    to: string,
    said: Pick<PeerMessage, 'kind' | 'text' | 'about' | 'task'>,
  ): Promise<PeerAnswer | undefined> {
    const body = await this.#record({ to, ...said });
    const subject = subjectOf(this.work.ledger.space, to);
    try {
      return (await this.#bus.request(this.#envelope(subject, body), ANSWER_MS)) as PeerAnswer;
    } catch (thrown) {
      const { name } = toSkeinError(thrown);
      if (NO_ANSWER.includes(name)) return undefined;
      throw thrown;
    }
  }

  /** A message is on the record before it leaves. */
  async #record(said: {
    readonly to: string;
    readonly kind: MessageKind;
    readonly text: string;
    readonly about: readonly string[];
    readonly task: string;
    readonly replyTo?: string;
  }): Promise<PeerMessage> {
    const { mission, now, newId, record } = this.work;
    const id = newId();
    const data = { ...said, sentAt: iso(now()) };
    const subject = `message/${id}`;
    await record('note.record', { type: 'message.sent', subject, mission, data });
    const { kind, text, about, task } = said;
    return { id, from: this.name, kind, text, about, task };
  }

  #envelope(subject: string, body: PeerMessage): BusMessage {
    return { id: body.id, subject, from: this.name, sentAt: iso(this.work.now()), body };
  }

  #receive(message: BusMessage): Promise<unknown> {
    const body = message.body as PeerMessage & { readonly dispatch?: Dispatch };
    return body.dispatch === undefined ? this.#hearPeer(body) : this.#consider(body.dispatch, body);
  }

  /** Recorded before it is handled, and when it has been. */
  async #hearPeer(message: PeerMessage): Promise<PeerAnswer> {
    const { mission, now, monotonicMs, record } = this.work;
    const note = (type: string, data: object): Promise<unknown> => {
      const subject = `message/${message.id}`;
      return record('note.record', { type, subject, mission, data });
    };
    const startedMs = monotonicMs();
    await note('message.received', { message: message.id, receivedAt: iso(now()) });
    const answer = (await this.#answer?.(message)) ?? notAtWork;
    const { text } = answer;
    const { about, task } = message;
    await this.#record({
      to: message.from,
      kind: 'answer',
      text,
      about,
      task,
      replyTo: message.id,
    });
    const processingMs = Math.round(monotonicMs() - startedMs);
    await note('message.handled', { message: message.id, processingMs });
    return answer;
  }

  /** Mission: the supervisor's order. Swarm: a peer's lease, which has the right of way over it. */
  async #consider({ task, ttlMs, more }: Dispatch, order: PeerMessage): Promise<DispatchAnswer> {
    const held = await this.#claim({ task, ttlMs, more });
    if (held === undefined && this.isLost) await this.#giveBack(task);
    if (held === undefined) return { type: 'taken', lease: leaseOf(this.work, task) };
    const { holder, path } = held;
    const why = `${holder} holds ${path}`;
    const opinions: readonly Opinion[] = [
      { layer: 'mission', from: order.from, wants: true, why: order.text },
      { layer: 'swarm', from: holder, wants: false, why },
    ];
    await this.decline(task, opinions, { holder, path });
    return { type: 'declined', holder, path };
  }

  /** Puts on the record who overrode whom, and that the task was not taken. */
  async decline(
    task: string,
    opinions: readonly Opinion[],
    { holder, path }: { readonly holder: string; readonly path: string },
  ): Promise<void> {
    const { mission, record } = this.work;
    const subject = `task/${task}`;
    const { overrides, stoppedBy } = settle(opinions);
    const declined = { task, why: stoppedBy?.why ?? '', holder, path };
    const note = (type: string, data: object): Promise<unknown> =>
      record('note.record', { type, subject, mission, data });
    await note('agent.declined', declined);
    for (const data of overrides) await note('decision.overridden', data);
  }

  /**
   * Taken too late: nobody waits for the answer any more, and nobody would watch the lease. Another
   * one may have it by now: the token says which lease is meant.
   */
  async #giveBack(task: string): Promise<void> {
    const { token } = leaseOf(this.work, task);
    const reason = `${this.name} took it too late`;
    if (takenBy(this.work, task) !== this.name) return;
    await this.work.record('task.release', { task, reason, token });
  }

  /** Claims the task in its own name; answers who stands in the way. */
  async #claim(dispatch: Dispatch): Promise<{ holder: string; path: string } | undefined> {
    const { task, ttlMs, more } = dispatch;
    const { record } = this.work;
    try {
      await record('task.claim', { task, agent: this.name, ttlMs, more: [...more] });
      return undefined;
    } catch (thrown) {
      const error = toSkeinError(thrown);
      if (error.name !== 'path-held') throw error;
      return error.details as { holder: string; path: string };
    }
  }
}

/** Who is at work on a task by the record, null when nobody is. */
const takenBy = ({ ledger }: MissionWork, task: string): string | null =>
  (ledger.read.entity('task', task)?.body as TaskState | undefined)?.agent ?? null;

/** The lease of a claimed task; the ledger checks it again at every write. */
export function leaseOf({ ledger }: MissionWork, task: string): LeaseToken {
  const lease = (ledger.read.entity('task', task)?.body as TaskState | undefined)?.lease ?? '';
  const held = ledger.read.entity('lease', lease)?.body as LeaseState | undefined;
  return { lease, token: held?.token ?? 0 };
}
