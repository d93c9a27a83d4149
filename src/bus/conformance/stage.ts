/** What the checks of a bus stand on: connections, subjects of their own, and waits with a limit. */
import assert from 'node:assert/strict';
import { randomBytes, randomFillSync } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import type { SkeinError } from '#protocol/errors.ts';
import { topicSubject } from '#protocol/subjects.ts';
import type { Bus, BusMessage, BusSubscription, SubscribeOptions } from '../bus.ts';

/** A carrier of its own for one check. `connect` is missing where there is one connection only. */
export interface OpenedBus {
  readonly bus: Bus;
  readonly connect?: () => Promise<Bus>;
  /** What the adapter has reported of handlers that threw. */
  readonly reported: () => readonly SkeinError[];
  readonly close: () => Promise<void>;
}

/**
 * Where a check plays: subscribers are on `bus`, senders on `sender`, another connection if there
 * can be one. `limitMs` is how long it waits for what must happen.
 */
export interface Stage {
  readonly bus: Bus;
  readonly sender: Bus;
  readonly topic: (name: string) => string;
  readonly reported: () => readonly SkeinError[];
  readonly limitMs: number;
}

/** One sentence of the contract, and what throws when a bus does not keep it. */
export interface BusCheck {
  readonly name: string;
  /** It can't be shown with one connection. */
  readonly needsTwo?: true;
  readonly run: (stage: Stage) => Promise<void>;
}

/** How long a carrier has to carry one message, whatever a check is about. */
const EXCHANGE_LIMIT_MS = 20_000;

/** What is said not to have been seen when a bus carries nothing at all. */
export const EXCHANGE = 'a message between two connections';

const newId = makeUuidv7({ now: Date.now, random: (bytes) => randomFillSync(bytes) });

/** Sets up a stage on `opened`, in a space that nobody else uses. */
export async function makeStage(opened: OpenedBus, limitMs: number): Promise<Stage> {
  const space = randomBytes(16).toString('hex');
  return {
    bus: opened.bus,
    sender: (await opened.connect?.()) ?? opened.bus,
    topic: (name) => topicSubject(space, name),
    reported: opened.reported,
    limitMs,
  };
}

/** A message with `body`, from a sender of that name. */
export const makeMessage = (subject: string, body: unknown, from = 'agent:tester'): BusMessage => ({
  id: newId(),
  subject,
  from,
  sentAt: new Date().toISOString(),
  body,
});

/** Sends `count` messages with the bodies 0, 1, 2 ... without waiting for each. */
export async function sendNumbers(bus: Bus, subject: string, count: number): Promise<void> {
  await Promise.all(counted(count).map((body) => bus.publish(makeMessage(subject, body))));
}

/** 0, 1, 2 ... */
export const counted = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** Asks the topic `a`, from `sender` when nobody else is named. */
export function ask(
  { sender, topic, limitMs }: Stage,
  body: unknown,
  timeoutMs: number = limitMs,
  from: Bus = sender,
): Promise<unknown> {
  const answer = from.request(makeMessage(topic('a'), body), timeoutMs);
  // A check that fails before it waits for the answer fails once, not twice.
  answer.catch(() => undefined);
  return answer;
}

/** A subscription that keeps the bodies it gets. */
export interface Listener {
  readonly bodies: unknown[];
  readonly subscription: BusSubscription;
}

/** Listens and keeps what comes. */
export function listen(bus: Bus, subject: string, options: SubscribeOptions = {}): Listener {
  const bodies: unknown[] = [];
  const handle = ({ body }: BusMessage): void => void bodies.push(body);
  return { bodies, subscription: bus.subscribe(subject, handle, options) };
}

/** A subscription whose handler does not end before `release`, which answers with the body. */
export interface StuckListener extends Listener {
  readonly release: () => void;
}

/** Listens and is stuck in the first message. */
export function listenStuck(
  bus: Bus,
  subject: string,
  options: SubscribeOptions = {},
): StuckListener {
  const bodies: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const handle = async ({ body }: BusMessage): Promise<unknown> => {
    bodies.push(body);
    await promise;
    return body;
  };
  return { bodies, subscription: bus.subscribe(subject, handle, options), release: resolve };
}

/** Waits until `done`; fails after the limit of the stage, saying what did not happen. */
export async function until(
  { limitMs }: Pick<Stage, 'limitMs'>,
  what: string,
  done: () => boolean,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!done()) {
    assert.ok(performance.now() < endMs, `not seen in ${limitMs} ms: ${what}`);
    await delay(1);
  }
}

/** Waits for what a bus that is broken might never do. */
export async function within(stage: Stage, what: string, work: Promise<void>): Promise<void> {
  let over = false;
  const end = (): void => void (over = true);
  work.then(end, end);
  await until(stage, what, () => over);
  await work;
}

/** Waits until the carrier knows all subscriptions that `bus` has made: it hears itself. */
export async function known(stage: Stage, bus: Bus = stage.bus): Promise<void> {
  await exchange(stage, bus, bus);
}

/** Waits until all that was sent has come where it goes, as far as anybody can know. */
export async function settle(stage: Stage): Promise<void> {
  await known(stage);
  await exchange(stage, stage.sender, stage.bus);
  await exchange(stage, stage.bus, stage.sender);
}

async function exchange(stage: Stage, from: Bus, to: Bus): Promise<void> {
  const subject = stage.topic(`exchange-${newId()}`);
  const { bodies, subscription } = listen(to, subject);
  // The carrier may not know yet that `to` listens: what comes too early is lost, so it is said again.
  await until({ limitMs: EXCHANGE_LIMIT_MS }, EXCHANGE, () => {
    if (bodies.length === 0) from.publish(makeMessage(subject, 0)).catch(() => undefined);
    return bodies.length > 0;
  });
  subscription.close();
}

/** Asserts that `attempt` throws an error of that name, at once or later. */
export const refuses = (attempt: () => unknown, name: string): Promise<void> =>
  assert.rejects(async () => attempt(), { name });
