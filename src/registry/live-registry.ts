/**
 * The registry of one space at work: cards from the record, heartbeats over the bus, presence by a
 * watch. It is opened, told of links by who keeps them, and closed.
 */
import type { Bus, BusSubscription } from '#bus/bus.ts';
import type { Signer } from '#identity/signer.ts';
import type { Ledger } from '#ledger/ledger.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Presence } from '#protocol/events/node.ts';
import { signalSubject } from '#protocol/subjects.ts';
import type { Load } from '#telemetry/load.ts';
import { AgentTable } from './agent-table.ts';
import { readCards, type AllCards } from './follow-cards.ts';
import { BeatReceiver } from './heartbeat/beat-receiver.ts';
import { ANEW_GAP_MS, BeatSender } from './heartbeat/beat-sender.ts';
import { HEARTBEAT_SIGNAL, WANTED_SIGNAL } from './heartbeat/heartbeat.ts';
import type { AgentNow, BeatAgents } from './heartbeat/heartbeat.ts';
import { tellChanges } from './heartbeat/told-agents.ts';
import { NodeTable, type NodeRow } from './node-table.ts';
import { PresenceWatch, type PresenceNote } from './presence/presence-watch.ts';
import { recordedPresence } from './presence/recorded-presence.ts';
import type { AgentQuery, Registry, RegistryStats, SeenAgent, SeenNode } from './registry.ts';

/** What a registry is made of. Without a `bus` there are no heartbeats, and all others stay lost. */
export interface LiveRegistryOptions {
  readonly ledger: Pick<Ledger, 'space' | 'read' | 'stats' | 'subscribe' | 'execute'>;
  readonly bus?: Bus;
  readonly signer: Signer;
  /** What this node is called until its card is on the record. */
  readonly name: string;
  /** The epoch of the home: it rises with every start. */
  readonly epoch: number;
  readonly load?: () => Load;
  /** The agents of this node as they are now. */
  readonly agents: () => Iterable<AgentNow>;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly after: (ms: number, callback: () => void) => () => void;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly newId: () => string;
  /** Told what went wrong beside the work: nothing ends because of it. */
  readonly report: (thrown: unknown) => void;
  /** How far the clock of a node is ahead of ours, when a link has measured it. */
  readonly clockOf?: (node: string) => number | undefined;
}

/** Own agents are looked at again when the last look is older. */
const OWN_LOOK_MS = 1_000;

const MAX_BEATS_WAITING = 5_000;

/** The registry of one space, at work. */
export class LiveRegistry implements Registry {
  readonly #options: LiveRegistryOptions;
  readonly #nodes = new NodeTable();
  readonly #agents: AgentTable;
  readonly #watch: PresenceWatch;
  readonly #receiver: BeatReceiver;
  readonly #sender: BeatSender | undefined;
  readonly #subscription: BusSubscription | undefined;
  readonly #closing = new AbortController();
  readonly #followed: Promise<void>;
  #role: string | undefined;
  #taken = 0;
  #ownLookMs = Number.NEGATIVE_INFINITY;

  /** Reads all cards at once; then listens, and tells of this node when there is a bus. */
  constructor(options: LiveRegistryOptions) {
    this.#options = options;
    const { ledger, bus, signer } = options;
    this.#agents = new AgentTable(ledger.space, {
      member: (short) => this.#member(short),
      told: (short, name) => this.#nodes.short(short)?.told.get(name),
    });
    this.#watch = this.#makeWatch();
    this.#receiver = this.#makeReceiver();
    const follow = readCards(ledger, {
      all: (cards) => this.#takeAll(cards),
      node: (key, card) => {
        this.#nodes.setCard(key, card);
        this.#watchNode(key);
      },
      agent: (id, card) => this.#agents.set(id, card),
    });
    this.#followed = follow(this.#closing.signal).catch((thrown: unknown) => this.#report(thrown));
    if (bus === undefined) return;
    this.#subscription = bus.subscribe(
      signalSubject(ledger.space, HEARTBEAT_SIGNAL),
      ({ body }) => this.#hear(body),
      { maxWaiting: MAX_BEATS_WAITING },
    );
    const name = (): string => this.#nodes.get(signer.key)?.card?.name ?? options.name;
    this.#sender = new BeatSender({ ...options, bus, space: ledger.space, name, signer });
    this.#sender.start();
  }

  get space(): string {
    return this.#options.ledger.space;
  }

  nodes(): readonly SeenNode[] {
    return this.#nodes.all().map((row) => this.#seeNode(row));
  }

  node(key: string): SeenNode | undefined {
    const row = this.#nodes.get(key);
    return row === undefined ? undefined : this.#seeNode(row);
  }

  agents(query: AgentQuery = {}): readonly SeenAgent[] {
    this.#lookAtOwn();
    return this.#agents.query(query);
  }

  agent(id: string): SeenAgent | undefined {
    this.#lookAtOwn();
    return this.#agents.get(id);
  }

  find(name: string): SeenAgent {
    this.#lookAtOwn();
    const named = name.includes('@') ? this.#agents.beginning(name) : this.#agents.named(name);
    const [found, ...more] = named;
    if (found !== undefined && more.length === 0) return found;
    if (found === undefined) {
      throw new SkeinError('not-found', `Cannot find agent ${JSON.stringify(name.slice(0, 80))}`, {
        fix: 'See who is there: skein agents',
      });
    }
    const candidates = named.slice(0, 10).map(({ id }) => id);
    throw new SkeinError('ambiguous-id', `Cannot tell which ${name}: ${named.length} are there`, {
      fix: `Say which one, such as ${candidates[0]}.`,
      details: { candidates },
    });
  }

  stats(): RegistryStats {
    return {
      nodes: this.#nodes.size,
      agents: this.#agents.size,
      beatsSent: this.#sender?.sent ?? 0,
      beatsTaken: this.#taken,
      dropped: this.#receiver.dropped(),
    };
  }

  /** A link to the node has come up: it is there. */
  linkUp(node: string): void {
    this.#watch.sign(node);
  }

  /** The link to the node has closed: it is late until it is heard again. */
  linkDown(node: string): void {
    this.#watch.linkDown(node);
  }

  /** Tells the others at once, as after a change that they should not wait for. */
  async beat(): Promise<void> {
    await this.#sender?.beat();
  }

  /** Ends heartbeats, the watch and what it records. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#sender?.close();
    this.#subscription?.close();
    this.#watch.close();
    await this.#followed;
  }

  #makeWatch(): PresenceWatch {
    const { ledger, signer } = this.#options;
    return new PresenceWatch({
      ...this.#options,
      recorded: recordedPresence(ledger.read, signer.key),
      record: (note) => this.#record(note),
      report: (thrown) => this.#report(thrown),
      changed: (node) => {
        const row = this.#nodes.get(node);
        if (row !== undefined) this.#agents.touchAll(row.short);
      },
    });
  }

  #makeReceiver(): BeatReceiver {
    const { ledger, signer } = this.#options;
    return new BeatReceiver({
      ...this.#options,
      space: ledger.space,
      self: signer.key,
      isMember: (node) => this.#nodes.get(node) !== undefined,
    });
  }

  #takeAll({ members, nodes, agents }: AllCards): void {
    this.#role = members[this.#options.signer.key];
    for (const key of this.#nodes.setMembers(Object.keys(members))) {
      this.#watch.forget(key);
      this.#receiver.forget(key);
    }
    for (const [key, card] of nodes) this.#nodes.setCard(key, card);
    this.#agents.clear();
    for (const [id, card] of agents) this.#agents.set(id, card);
    for (const { key } of this.#nodes.all()) this.#watchNode(key);
  }

  #watchNode(key: string): void {
    const row = this.#nodes.get(key);
    if (row === undefined) return;
    if (key === this.#options.signer.key) this.#agents.touchAll(row.short);
    else this.#watch.watch(key, row.card?.draining ?? false);
  }

  #hear(body: unknown): void {
    const taken = this.#receiver.take(body);
    const row = taken === undefined ? undefined : this.#nodes.get(taken.beat.node);
    if (taken === undefined || row === undefined) return;
    this.#taken += 1;
    row.load = taken.beat.load ?? null;
    row.clockOffMs = taken.clockOffMs;
    this.#watch.sign(row.key);
    this.#takeLines(row, taken.beat.agents);
  }

  #takeLines(row: NodeRow, { anew, lines, last, count, sum }: BeatAgents): void {
    if (anew) {
      row.told.clear();
      this.#agents.touchAll(row.short);
    }
    for (const line of lines) {
      if (row.told.take(line)) this.#agents.touch(row.short, line[0]);
    }
    const { digest } = row.told;
    if (last && (digest.count !== count || digest.sum !== sum)) this.#want(row);
  }

  /** Something was missed: the node is asked to tell all its agents again. */
  #want(row: NodeRow): void {
    const { bus, monotonicMs, newId, now, signer, ledger } = this.#options;
    const atMs = monotonicMs();
    if (bus === undefined || atMs - row.wantedMs < ANEW_GAP_MS) return;
    row.wantedMs = atMs;
    const message = {
      id: newId(),
      subject: signalSubject(ledger.space, WANTED_SIGNAL),
      from: `node:${signer.key.slice(0, 16)}`,
      sentAt: new Date(now()).toISOString(),
      body: { node: row.key },
    };
    bus.publish(message).catch((thrown: unknown) => this.#report(thrown));
  }

  async #record({ node, from, to, lastSeenAt }: PresenceNote): Promise<void> {
    // Who may only read has no chain to write to.
    if (this.#role === 'reader') return;
    const { ledger, newId, signer } = this.#options;
    const speaker: Speaker = { actor: `node:${signer.key.slice(0, 16)}`, authority: 'system' };
    const data = { from, to, ...(lastSeenAt === undefined ? {} : { lastSeenAt }) };
    const input = { type: 'presence.changed', subject: `node/${node}`, data };
    await ledger.execute({ id: newId(), name: 'note.record', input }, speaker);
  }

  #member(short: string): { readonly key: string; readonly presence: Presence } | undefined {
    const row = this.#nodes.short(short);
    return row === undefined ? undefined : { key: row.key, presence: this.#presenceOf(row) };
  }

  #presenceOf({ key, card }: NodeRow): Presence {
    const isSelf = key === this.#options.signer.key;
    if (isSelf) return card?.draining === true ? 'draining' : 'alive';
    return this.#watch.of(key) ?? 'lost';
  }

  #seeNode(row: NodeRow): SeenNode {
    const { signer, ledger, load, now, name } = this.#options;
    const { key, short, card } = row;
    const isSelf = key === signer.key;
    const lastSeenMs = isSelf ? now() : this.#watch.lastSeenMs(key);
    return {
      id: key,
      space: ledger.space,
      name: card?.name ?? (isSelf ? name : short),
      version: card?.version ?? '',
      addresses: card?.addresses ?? [],
      presence: this.#presenceOf(row),
      isSelf,
      lastSeenAt: lastSeenMs === null ? null : new Date(lastSeenMs).toISOString(),
      load: isSelf ? (load?.() ?? null) : row.load,
      clockOffMs: isSelf ? 0 : row.clockOffMs,
      agents: this.#agents.countAt(short),
    };
  }

  /** Own agents are known without a heartbeat; looking at thousands of them for every query would cost. */
  #lookAtOwn(): void {
    const { signer, monotonicMs, agents } = this.#options;
    const row = this.#nodes.get(signer.key);
    const atMs = monotonicMs();
    if (row === undefined || atMs - this.#ownLookMs < OWN_LOOK_MS) return;
    this.#ownLookMs = atMs;
    for (const [name] of tellChanges(row.told, agents())) this.#agents.touch(row.short, name);
  }

  #report(thrown: unknown): void {
    if (!this.#closing.signal.aborted) this.#options.report(thrown);
  }
}
