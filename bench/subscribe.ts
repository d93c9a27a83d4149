/**
 * From append to a live subscriber: events are due at a fixed schedule, and each one's time counts
 * from when it was due, not from when it was sent, so that a stall is not left out.
 */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { BENCH_SPACE, openSpace, temporaryFolder } from './support/bench-space.ts';
import type { Schedule } from './support/bench-server.ts';
import { atMost, duration, scaled, type Bench, type Finding } from './report.ts';
import { median, quantile } from './rounds.ts';
import { followEvents, startServer, type BenchServer } from './support/server-process.ts';

const PER_SECOND = 5_000;
const SECONDS = 5;

interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** The bench. */
export const subscribe: Bench = {
  about: `append, fsync, live subscriber through the API, ${PER_SECOND} events/s`,
  run: async (options) => {
    const runs: Record<Schedule['to'], Latency[]> = { ledger: [], bare: [] };
    for (let round = 0; round < scaled(options, 3, 1); round += 1) {
      for (const to of ['ledger', 'bare'] as const) {
        runs[to].push(await measure(to, scaled(options, PER_SECOND * SECONDS, PER_SECOND)));
      }
    }
    const [ledger, bare] = [summary(runs.ledger), summary(runs.bare)];
    return [explain('p50', ledger.p50, bare.p50, 2), explain('p99', ledger.p99, bare.p99, 15)];
  },
};

const summary = (runs: readonly Latency[]): Latency => ({
  p50: median(runs.map(({ p50 }) => p50)),
  p99: median(runs.map(({ p99 }) => p99)),
});

const explain = (name: string, figureMs: number, bareMs: number, mostMs: number): Finding => ({
  work: `append to live subscriber, ${PER_SECOND} events/s, ${name}`,
  figure: duration(figureMs),
  peer: `bare file + fdatasync + socket: ${duration(bareMs)}`,
  ratio: figureMs / bareMs,
  goal: atMost(figureMs, mostMs, `${mostMs} ms`),
});

async function measure(to: Schedule['to'], count: number): Promise<Latency> {
  const folder = temporaryFolder();
  openSpace(folder.path).close();
  const server = await startServer(folder.path);
  try {
    const lines =
      to === 'bare' ? await server.bareLines() : await followEvents(server.socket, BENCH_SPACE);
    const latencies = await receive(lines, server, { to, count, perSecond: PER_SECOND });
    // The first second warms up: code is compiled, caches fill.
    const steady = latencies.slice(PER_SECOND);
    const counted = steady.length > 0 ? steady : latencies;
    return { p50: quantile(counted, 0.5), p99: quantile(counted, 0.99) };
  } finally {
    await server.stop();
    folder.dispose();
  }
}

async function receive(
  lines: Readable,
  server: BenchServer,
  schedule: Schedule,
): Promise<readonly number[]> {
  const latencies: number[] = [];
  const reading = createInterface({ input: lines });
  const startNs = await server.start(schedule);
  for await (const line of reading) {
    const { data } = JSON.parse(line === '' ? '{}' : line) as { data?: { name?: string } };
    if (data?.name === undefined) continue;
    const dueMs = (Number(data.name) * 1_000) / schedule.perSecond;
    latencies.push(Number(process.hrtime.bigint() - startNs) / 1e6 - dueMs);
    if (latencies.length === schedule.count) break;
  }
  lines.destroy();
  return latencies;
}
