/**
 * Signals between two processes: by the bus over NATS and by a link over WebSockets, each beside the
 * bare client of its carrier. One at a time for their times, many under way for their rate.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BusMessage } from '#bus/bus.ts';
import { makeMessage } from '#bus/conformance/stage.ts';
import { topicSubject } from '#protocol/subjects.ts';
import { skipWithoutNats, startNats } from '../../test/bus/nats-server.ts';
import { atMost, duration, rate, scaled, type Bench, type Finding } from '../report.ts';
import { median, quantile } from '../rounds.ts';
import { BENCH_SPACE, newId } from '../support/bench-space.ts';
import { CARRIERS, type CarrierName, type NearEnd, type Where } from './carriers.ts';
import { startFar, type FarProcess } from './far/far-process.ts';
import { nowMs } from './near-clock.ts';

const SIGNALS = 200;
const REQUESTS = 400;
/** Fewer than a link reads of a peer in a second. */
const MANY = 6_000;
const ROUNDS = 3;

/** How many are under way when their rate counts. */
const UNDER_WAY = 100;

const MOST_RATIO = 1.3;

const MESSAGE = makeMessage(topicSubject(BENCH_SPACE, 'progress'), {
  agent: 'coder-1',
  state: 'at work',
  about: 'packages/pricing/src/format-price.ts',
  done: 12,
  of: 60,
});

/** What was seen before is no news to a link. */
const newMessage = (): BusMessage => ({ ...MESSAGE, id: newId() });

/** What one carrier did in one round. */
interface Measured {
  readonly deliver: readonly number[];
  readonly request: readonly number[];
  readonly perSecond: number;
}

type Pair = readonly [CarrierName, CarrierName, string];

const PAIRS: readonly Pair[] = [
  ['natsBus', 'natsBare', 'NATS'],
  ['wsLink', 'wsBare', 'WebSocket'],
];

/** The bench. */
export const signals: Bench = {
  about: 'signals and requests between processes, over NATS and WebSockets',
  run: async (options) => {
    const pairs = PAIRS.filter(([name]) => name !== 'natsBus' || !skipWithoutNats);
    if (skipWithoutNats) process.stderr.write(`${skipWithoutNats}\n`);
    const nats = skipWithoutNats ? undefined : await startNats();
    const far = startFar('./signal-end.ts');
    try {
      const findings: Finding[] = [];
      for (const pair of pairs) {
        const counts = [SIGNALS, REQUESTS, MANY].map((count) => scaled(options, count, 50));
        findings.push(...(await comparePair(pair, far, nats?.address ?? 0, counts)));
      }
      return findings;
    } finally {
      await far.stop();
      await nats?.stop();
    }
  },
};

async function comparePair(
  [ours, bare, carrier]: Pair,
  far: FarProcess,
  nats: Where,
  counts: readonly number[],
): Promise<Finding[]> {
  const ends = new Map<CarrierName, NearEnd>();
  for (const name of [ours, bare]) {
    const where = await far.ask<Where | undefined>('serve', name, nats);
    ends.set(name, await CARRIERS[name].open(where ?? nats));
  }
  await delay(100);
  const rounds: Record<string, Measured[]> = { [ours]: [], [bare]: [] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const turn = round % 2 === 0 ? [ours, bare] : [bare, ours];
    for (const name of turn) {
      const measured = await measure(ends.get(name) as NearEnd, far, counts);
      if (round > 0) rounds[name]?.push(measured);
    }
  }
  for (const end of ends.values()) await end.close();
  return explain(carrier, rounds[ours] ?? [], rounds[bare] ?? []);
}

async function measure(
  near: NearEnd,
  far: FarProcess,
  [signalCount = 0, requestCount = 0, many = 0]: readonly number[],
): Promise<Measured> {
  const sent: number[] = [];
  const arrived = far.ask<readonly number[]>('take', signalCount);
  for (let signal = 0; signal < signalCount; signal += 1) {
    sent.push(nowMs());
    void near.send(newMessage());
    // Each is alone on its way.
    await delay(2);
  }
  const deliver = (await arrived).map((atMs, index) => atMs - (sent[index] ?? 0));
  const request: number[] = [];
  for (let asked = 0; asked < requestCount; asked += 1) {
    const startedMs = nowMs();
    await near.ask(newMessage());
    request.push(nowMs() - startedMs);
  }
  return { deliver, request, perSecond: await measureRate(near, far, many) };
}

async function measureRate(near: NearEnd, far: FarProcess, count: number): Promise<number> {
  // What a link may receive in a second has to be there again.
  await delay(600);
  const arrived = far.ask<readonly number[]>('take', count);
  await delay(20);
  const startedMs = nowMs();
  for (let sent = 0; sent < count; sent += UNDER_WAY) {
    const batch = Array.from({ length: Math.min(UNDER_WAY, count - sent) }, () =>
      near.send(newMessage()),
    );
    await Promise.all(batch);
  }
  const endedMs = (await arrived).at(-1) ?? 0;
  return (count * 1_000) / (endedMs - startedMs);
}

function explain(carrier: string, ours: readonly Measured[], bare: readonly Measured[]): Finding[] {
  const figures = (rounds: readonly Measured[], of: 'deliver' | 'request', q: number): number =>
    median(rounds.map((round) => quantile(round[of], q)));
  const times = (['deliver', 'request'] as const).flatMap((of) =>
    [0.5, 0.99].map((q): Finding => {
      const [figureMs, bareMs] = [figures(ours, of, q), figures(bare, of, q)];
      const ratio = figureMs / bareMs;
      const what = of === 'deliver' ? 'publish to handler' : 'request and answer';
      return {
        work: `${what} in another process, ${carrier}, p${q * 100}`,
        figure: duration(figureMs),
        peer: `bare client: ${duration(bareMs)}`,
        ratio,
        ...(q === 0.5 ? { goal: atMost(ratio, MOST_RATIO, `${MOST_RATIO} x`) } : {}),
      };
    }),
  );
  const rates = [ours, bare].map((rounds) => median(rounds.map(({ perSecond }) => perSecond)));
  const [figure = 0, peer = 0] = rates;
  return [
    ...times,
    {
      work: `signals to another process, ${carrier}, ${UNDER_WAY} under way`,
      figure: rate(figure, 'signals'),
      peer: `bare client: ${rate(peer, 'messages')}`,
      ratio: figure / peer,
    },
  ];
}
