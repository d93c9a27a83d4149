/**
 * Adds up where the time of messages went, by agent and by route: on the way, in the queue, at work.
 * Told of events one by one, in the order of the record; what is not known is counted, never guessed.
 */
import type { SkeinEvent } from '#protocol/event-types.ts';
import { Durations, type DurationSummary } from './durations.ts';
import type { EventOfType } from './event-of-type.ts';

/** Times of the messages of an agent or a route, in milliseconds. */
export interface TimeTable {
  /** Sent -> received, by the clock of the receiver. */
  readonly transit: DurationSummary;
  /** Received -> first handed out. */
  readonly queue: DurationSummary;
  /** Last handed out -> handled. */
  readonly processing: DurationSummary;
  /** Sent -> handled. */
  readonly total: DurationSummary;
}

/** An agent's times; `busyMs` had something handed out, `idleMs` nothing, since its first message. */
export interface AgentTimes extends TimeTable {
  readonly agent: string;
  readonly busyMs: number;
  readonly idleMs: number;
}

/** Times from one agent to another. */
export interface RouteTimes extends TimeTable {
  readonly from: string;
  readonly to: string;
}

/** What can't be told, in numbers of messages. */
export interface MissingTimes {
  /** Sent by another node whose clock nobody has compared with ours. */
  readonly unknownClock: number;
  /** By our reckoning they came before they were sent: the clocks differ by more than was measured. */
  readonly beforeSent: number;
  /** Their beginning lies before the range, or was pruned. */
  readonly withoutBeginning: number;
  readonly notHandedOut: number;
  readonly notHandled: number;
  readonly gaveUp: number;
}

/** Where time went between two moments (ISO 8601, null when there was no event). */
export interface EfficiencyReport {
  readonly since: string | null;
  readonly until: string | null;
  readonly messages: number;
  readonly all: TimeTable;
  readonly agents: readonly AgentTimes[];
  readonly routes: readonly RouteTimes[];
  readonly missing: MissingTimes;
}

/** The most routes that are told apart. */
const MAX_ROUTES = 10_000;

interface Open {
  readonly from: string;
  readonly sentMs: number | undefined;
  readonly receivedMs: number;
  firstOutMs?: number;
  lastOutMs?: number;
}

interface Times {
  readonly transit: Durations;
  readonly queue: Durations;
  readonly processing: Durations;
  readonly total: Durations;
}

interface AgentState {
  readonly times: Times;
  readonly open: Map<string, Open>;
  /** When those came that wait outside. */
  readonly deferred: Map<string, number>;
  /** Handed out and not answered, each until when it may be. */
  readonly out: Map<string, number>;
  sinceMs: number;
  busyMs: number;
  busySinceMs: number;
}

/** Adds events up; `report` may be asked for at any time. */
export class Efficiency {
  readonly #all = makeTimes();
  readonly #agents = new Map<string, AgentState>();
  readonly #routes = new Map<string, { from: string; to: string; times: Times }>();
  readonly #missing = { unknownClock: 0, beforeSent: 0, withoutBeginning: 0, gaveUp: 0 };
  #since: string | null = null;
  #until: string | null = null;
  #messages = 0;

  add(event: SkeinEvent): void {
    const inbox = (event.data as { readonly inbox?: string }).inbox;
    if (inbox === undefined || !event.type.startsWith('message.')) return;
    this.#since ??= event.time;
    if (this.#until === null || event.time > this.#until) this.#until = event.time;
    const ms = Date.parse(event.time);
    const agent = this.#agent(inbox, ms);
    switch (event.type) {
      case 'message.deferred':
        // It is here: that it has no room yet is no matter of the way.
        agent.deferred.set(event.data.message, Date.parse(event.data.receivedAt));
        return;
      case 'message.received':
        return this.#receive(agent, event);
      case 'message.delivered':
        return handOut(agent, event, ms);
      case 'message.handled':
        return this.#handle(agent, { inbox, message: event.data.message, ms });
      case 'message.returned':
        return endOut(agent, event.data.message, ms);
      case 'message.expired':
      case 'message.dead-lettered':
        endOut(agent, event.data.message, ms);
        if (agent.open.delete(event.data.message)) this.#missing.gaveUp += 1;
        return;
      default:
    }
  }

  report(): EfficiencyReport {
    const endMs = this.#until === null ? 0 : Date.parse(this.#until);
    const open = [...this.#agents.values()].flatMap((agent) => [...agent.open.values()]);
    return {
      since: this.#since,
      until: this.#until,
      messages: this.#messages,
      all: summarize(this.#all),
      agents: [...this.#agents].map(([agent, state]) => {
        const busyMs = busyUntil(state, endMs);
        const idleMs = Math.max(endMs - state.sinceMs - busyMs, 0);
        return { agent, busyMs, idleMs, ...summarize(state.times) };
      }),
      routes: [...this.#routes.values()].map(({ from, to, times }) => ({
        from,
        to,
        ...summarize(times),
      })),
      missing: {
        ...this.#missing,
        notHandedOut: open.filter(({ firstOutMs }) => firstOutMs === undefined).length,
        notHandled: open.filter(({ firstOutMs }) => firstOutMs !== undefined).length,
      },
    };
  }

  #receive(agent: AgentState, { data }: EventOfType<'message.received'>): void {
    const { message, from = '', inbox = '', receivedAt } = data;
    this.#messages += 1;
    const receivedMs = agent.deferred.get(message) ?? Date.parse(receivedAt);
    agent.deferred.delete(message);
    const sentMs = this.#sentMs(data, receivedMs);
    agent.open.set(message, { from, sentMs, receivedMs });
    if (sentMs === undefined) return;
    for (const times of this.#tables(from, inbox)) times.transit.add(receivedMs - sentMs);
  }

  /** By our clock; undefined when that can't be told. */
  #sentMs(data: EventOfType<'message.received'>['data'], receivedMs: number): number | undefined {
    const { from = '', inbox = '', sentAt, offsetMs, offsetErrorMs = 0 } = data;
    const isLocal = nodeOf(from) === nodeOf(inbox);
    const ms = Date.parse(sentAt ?? '') - (offsetMs ?? 0);
    if (Number.isNaN(ms) || (!isLocal && offsetMs === undefined)) {
      this.#missing.unknownClock += 1;
      return undefined;
    }
    if (ms <= receivedMs) return ms;
    if (ms - receivedMs > offsetErrorMs) this.#missing.beforeSent += 1;
    return receivedMs;
  }

  #handle(
    agent: AgentState,
    {
      inbox,
      message,
      ms,
    }: { readonly inbox: string; readonly message: string; readonly ms: number },
  ): void {
    endOut(agent, message, ms);
    const open = agent.open.get(message);
    agent.open.delete(message);
    if (open?.firstOutMs === undefined || open.lastOutMs === undefined) {
      this.#missing.withoutBeginning += 1;
      return;
    }
    const { from, sentMs, receivedMs, firstOutMs, lastOutMs } = open;
    for (const times of this.#tables(from, inbox)) {
      times.queue.add(firstOutMs - receivedMs);
      times.processing.add(ms - lastOutMs);
      if (sentMs !== undefined) times.total.add(ms - sentMs);
    }
  }

  #tables(from: string, to: string): readonly Times[] {
    const route = this.#route(from, to);
    const agent = this.#agents.get(to);
    return [this.#all, ...[route?.times, agent?.times].filter((each) => each !== undefined)];
  }

  /** Beyond so many routes only their agents are told apart. */
  #route(from: string, to: string): { readonly times: Times } | undefined {
    const key = `${from} ${to}`;
    const known = this.#routes.get(key);
    if (known !== undefined || this.#routes.size >= MAX_ROUTES) return known;
    const route = { from, to, times: makeTimes() };
    this.#routes.set(key, route);
    return route;
  }

  #agent(id: string, ms: number): AgentState {
    const known = this.#agents.get(id);
    if (known !== undefined) return known;
    const made = {
      times: makeTimes(),
      open: new Map<string, Open>(),
      deferred: new Map<string, number>(),
      out: new Map<string, number>(),
      sinceMs: ms,
      busyMs: 0,
      busySinceMs: 0,
    };
    this.#agents.set(id, made);
    return made;
  }
}

const nodeOf = (id: string): string => id.slice(id.indexOf('@') + 1);

const makeTimes = (): Times => ({
  transit: new Durations(),
  queue: new Durations(),
  processing: new Durations(),
  total: new Durations(),
});

const summarize = ({ transit, queue, processing, total }: Times): TimeTable => ({
  transit: transit.summary(),
  queue: queue.summary(),
  processing: processing.summary(),
  total: total.summary(),
});

function handOut(agent: AgentState, { data }: EventOfType<'message.delivered'>, ms: number): void {
  dropLate(agent, ms);
  if (agent.out.size === 0) agent.busySinceMs = ms;
  for (const message of data.messages) {
    const open = agent.open.get(message);
    agent.out.set(message, Date.parse(data.until));
    if (open === undefined) continue;
    open.firstOutMs ??= ms;
    open.lastOutMs = ms;
  }
}

function endOut(agent: AgentState, message: string, ms: number): void {
  dropLate(agent, ms);
  if (agent.out.delete(message) && agent.out.size === 0) agent.busyMs += ms - agent.busySinceMs;
}

/** Who never answers is not at work for ever: only as long as it may be. */
function dropLate(agent: AgentState, ms: number): void {
  if (agent.out.size === 0) return;
  let lastMs = 0;
  for (const untilMs of agent.out.values()) lastMs = Math.max(lastMs, untilMs);
  if (lastMs > ms) return;
  agent.busyMs += lastMs - agent.busySinceMs;
  agent.out.clear();
}

function busyUntil(agent: AgentState, endMs: number): number {
  if (agent.out.size === 0) return agent.busyMs;
  const lastMs = Math.max(...agent.out.values());
  return agent.busyMs + Math.max(Math.min(lastMs, endMs) - agent.busySinceMs, 0);
}
