/**
 * From publish to handler inside of one process, beside an EventEmitter, which neither queues nor
 * copies, and beside a bare MessageChannel of the same thread, which does both and checks nothing.
 */
import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { openMemory } from '#bus/conformance/open-memory.ts';
import { makeMessage } from '#bus/conformance/stage.ts';
import { topicSubject } from '#protocol/subjects.ts';
import { assertSound, BENCH_SPACE } from './support/bench-space.ts';
import { atLeast, rate, scaled, type Bench, type Finding } from './report.ts';
import { perSecond, takeTurns } from './rounds.ts';

const MESSAGES = 50_000;
const ROUNDS = 5;

/** How many messages are under way when the sender does not wait for each. */
const UNDER_WAY = 100;

const SUBJECT = topicSubject(BENCH_SPACE, 'bench');

/** What a peer announces: as large as such messages are. */
const MESSAGE = makeMessage(SUBJECT, {
  kind: 'announce',
  text: 'I am about to change formatPrice in src/format-price.ts, and who uses it',
  about: ['packages/pricing/src/format-price.ts', 'packages/invoice/src/invoice.ts'],
  task: '01994a1e-0000-7000-8000-000000000000/rename-3',
});

/** The bench. */
export const bus: Bench = {
  about: `publish to handler in process, ${MESSAGES} messages`,
  run: async (options) => {
    const count = scaled(options, MESSAGES, 5_000);
    const rates = await takeTurns(scaled(options, ROUNDS), {
      bus: () => throughBus(count, UNDER_WAY),
      waiting: () => throughBus(count, 1),
      emitter: () => throughEmitter(count),
      channel: () => throughChannel(count),
      turns: () => emptyTurns(count),
    });
    return explain(rates);
  },
};

/** Waits for every message, or for every so many. */
async function throughBus(count: number, underWay: number): Promise<number> {
  const { bus: memory, close } = await openMemory();
  let handled = 0;
  memory.subscribe(SUBJECT, () => void (handled += 1));
  const startedMs = performance.now();
  for (let sent = 1; sent <= count; sent += 1) {
    const taken = memory.publish(MESSAGE);
    if (sent % underWay === 0) await taken;
  }
  const figure = (count * 1_000) / (performance.now() - startedMs);
  assertSound(handled === count, `${handled} of ${count} messages were handled`);
  await close();
  return figure;
}

function throughEmitter(count: number): number {
  const emitter = new EventEmitter();
  let handled = 0;
  emitter.on(SUBJECT, () => void (handled += 1));
  const figure = perSecond(count, () => {
    for (let sent = 0; sent < count; sent += 1) emitter.emit(SUBJECT, MESSAGE);
  });
  assertSound(handled === count, `${handled} of ${count} events were handled`);
  return figure;
}

async function throughChannel(count: number): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  const { promise, resolve } = Promise.withResolvers<void>();
  let handled = 0;
  port2.on('message', () => {
    handled += 1;
    if (handled === count) resolve();
  });
  const startedMs = performance.now();
  for (let sent = 0; sent < count; sent += 1) port1.postMessage(MESSAGE);
  await promise;
  const figure = (count * 1_000) / (performance.now() - startedMs);
  port1.close();
  return figure;
}

/** What waits for each message waits for a turn of the event loop: there is no more than this. */
async function emptyTurns(count: number): Promise<number> {
  const startedMs = performance.now();
  for (let turns = 0; turns < count; turns += 1) await turn();
  return (count * 1_000) / (performance.now() - startedMs);
}

type Rates = Readonly<Record<'bus' | 'waiting' | 'emitter' | 'channel' | 'turns', number>>;

function explain({ bus: many, waiting, emitter, channel, turns }: Rates): Finding[] {
  const bare = `bare MessageChannel: ${rate(channel, 'messages')}`;
  const work = `publish to handler, ${UNDER_WAY} under way`;
  const figure = rate(many, 'messages');
  return [
    { work, figure, peer: bare, ratio: many / channel, goal: atLeast(many / channel, 1, '1.0') },
    { work, figure, peer: `EventEmitter: ${rate(emitter, 'events')}`, ratio: many / emitter },
    {
      work: 'publish to handler, waiting for each',
      figure: rate(waiting, 'messages'),
      peer: `empty turns of the event loop: ${rate(turns, 'turns')}`,
      ratio: waiting / turns,
    },
  ];
}
