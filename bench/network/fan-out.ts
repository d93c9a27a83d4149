/**
 * One for many: an event to 1,000 subscribers over sockets, beside bare sockets; a message to a topic
 * with 1,000 agents, beside the bare fdatasync of as many bytes; and what 10,000 idle agents cost.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { INBOX_DEFAULTS } from '#bus/inbox/decisions/agent-decider.ts';
import { atMost, duration, rate, scaled, type Bench, type Finding } from '../report.ts';
import { quantile } from '../rounds.ts';
import {
  assertSound,
  BENCH_SPACE,
  openSpace,
  pending,
  temporaryFolder,
} from '../support/bench-space.ts';
import type { Schedule } from '../support/bench-server.ts';
import { followEvents, startServer, type BenchServer } from '../support/server-process.ts';
import { fdatasyncMs } from './bare-log.ts';
import { openBenchNode } from './bench-node.ts';
import { startFar } from './far/far-process.ts';
import { nowMs } from './near-clock.ts';

const SUBSCRIBERS = 1_000;
const EVENTS = 20;
const PER_SECOND = 5;
const LISTENERS = 1_000;
const TOPIC_MESSAGES = 20;
const IDLE = 10_000;
const MOST_MS = 50;
const MOST_MB = 200;

/** The bench. */
export const fanOut: Bench = {
  about: `one event to ${SUBSCRIBERS} subscribers, a topic with ${LISTENERS} agents, ${IDLE} idle agents`,
  run: async (options) => [
    ...(await toSubscribers(scaled(options, EVENTS, 5))),
    ...(await toTopic(scaled(options, TOPIC_MESSAGES, 5))),
    ...(await idleAgents(scaled(options, IDLE, 500))),
  ],
};

async function toSubscribers(count: number): Promise<Finding[]> {
  const folder = temporaryFolder();
  openSpace(folder.path).close();
  const server = await startServer(folder.path);
  try {
    const ours = await deliver(server, 'ledger', count);
    const bare = await deliver(server, 'bare', count);
    const [figureMs, bareMs] = [ours, bare].map((each) => quantile(each, 0.99)) as [number, number];
    // All of one event are with their subscribers when the last one is.
    const lasts = [ours, bare].map((each) => quantile(lastOfEach(each, count), 0.5));
    const [lastMs = 0, bareLastMs = 0] = lasts;
    return [
      {
        work: `one event to ${SUBSCRIBERS} subscribers, p99`,
        figure: duration(figureMs),
        peer: `bare file + fdatasync + sockets: ${duration(bareMs)}`,
        ratio: figureMs / bareMs,
        goal: atMost(figureMs, MOST_MS, `${MOST_MS} ms`),
      },
      {
        work: `one event to all of ${SUBSCRIBERS} subscribers`,
        figure: rate((SUBSCRIBERS * 1_000) / lastMs, 'deliveries'),
        peer: `bare file + fdatasync + sockets: ${rate((SUBSCRIBERS * 1_000) / bareLastMs, 'deliveries')}`,
        ratio: bareLastMs / lastMs,
      },
    ];
  } finally {
    await server.stop();
    folder.dispose();
  }
}

/** The times of all subscribers, one event after the other. */
async function deliver(
  server: BenchServer,
  to: Schedule['to'],
  count: number,
): Promise<readonly number[]> {
  const streams: Readable[] = [];
  for (let one = 0; one < SUBSCRIBERS; one += 1) {
    const stream =
      to === 'bare' ? await server.bareLines() : await followEvents(server.socket, BENCH_SPACE);
    streams.push(stream);
  }
  const arrived: number[] = [];
  const done = Promise.withResolvers<void>();
  for (const stream of streams) {
    stream.on('data', (chunk: Buffer) => {
      const atMs = nowMs();
      // Each event names the effect that it begins once; what is not about one is a sign of life.
      for (const line of chunk.toString().split('\n')) {
        if (line.includes('bench/check/change/test-')) arrived.push(atMs);
      }
      if (arrived.length === SUBSCRIBERS * count) done.resolve();
    });
  }
  const startNs = await server.start({ to, count, perSecond: PER_SECOND });
  await done.promise;
  for (const stream of streams) stream.destroy();
  await Promise.all(streams.map((stream) => stream.closed || once(stream, 'close')));
  const startMs = Number(startNs) / 1e6;
  return arrived.map((atMs, index) => {
    const event = Math.floor(index / SUBSCRIBERS);
    return atMs - startMs - (event * 1_000) / PER_SECOND;
  });
}

const lastOfEach = (times: readonly number[], count: number): readonly number[] =>
  Array.from({ length: count }, (_, event) =>
    Math.max(...times.slice(event * SUBSCRIBERS, (event + 1) * SUBSCRIBERS)),
  );

async function toTopic(count: number): Promise<Finding[]> {
  const folder = temporaryFolder();
  const node = await openBenchNode({ folder: folder.path });
  try {
    const card = { role: 'coder', skills: [], topics: ['news'], limit: INBOX_DEFAULTS.limit };
    const names = Array.from({ length: LISTENERS }, (_, index) => `coder-${index}`);
    await Promise.all(names.map((name) => node.run('agent.register', { name, ...card })));
    const times: number[] = [];
    const before = node.ledger.stats();
    for (let sent = 0; sent < count; sent += 1) {
      const startedMs = nowMs();
      await node.run('message.send', { to: 'topic:news', text: 'the build is broken' });
      times.push(nowMs() - startedMs);
    }
    const events = node.ledger.stats().events - before.events;
    assertSound(events === count * (LISTENERS + 1), `${events} events of ${count} messages`);
    const syncMs = fdatasyncMs(join(folder.path, 'sync'), count);
    const figureMs = quantile(times, 0.99);
    return [
      {
        work: `a message to a topic with ${LISTENERS} agents, durable in each inbox, p99`,
        figure: duration(figureMs),
        peer: `1 fdatasync: ${duration(syncMs)}`,
        ratio: figureMs / syncMs,
        goal: atMost(figureMs, MOST_MS, `${MOST_MS} ms`),
      },
      {
        work: `the same, inboxes a second`,
        figure: rate((LISTENERS * 1_000) / quantile(times, 0.5), 'inboxes'),
      },
    ];
  } finally {
    await node.close();
    folder.dispose();
  }
}

async function idleAgents(count: number): Promise<Finding[]> {
  const folder = temporaryFolder();
  const space = openSpace(folder.path);
  const card = { role: 'coder', skills: ['typescript'], topics: ['news'] };
  const commands = Array.from({ length: count }, (_, index) =>
    pending('agent.register', { name: `coder-${index}`, ...card }),
  );
  for (let from = 0; from < count; from += 500) space.flush(commands.slice(from, from + 500));
  space.close();
  const far = startFar('./idle-end.ts');
  try {
    const { bytes, heapBytes } = await far.ask<{ bytes: number; heapBytes: number }>(
      'idle',
      folder.path,
      count,
    );
    return [
      {
        work: `a node with ${count} idle agents: mailroom, registry, record`,
        figure: `${(bytes / 1e6).toFixed(1)} MB, ${(heapBytes / count).toFixed(0)} bytes of heap each`,
        goal: atMost(bytes / 1e6, MOST_MB, `${MOST_MB} MB`),
      },
    ];
  } finally {
    await far.stop();
    folder.dispose();
  }
}
