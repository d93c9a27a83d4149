/**
 * Messages that are durable at both ends, between two processes with a record each: beside the bare
 * client of the carrier and two fdatasyncs, and beside the same with a plain log at both ends.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BusMessage } from '#bus/bus.ts';
import { skipWithoutNats, startNats } from '../../test/bus/nats-server.ts';
import { atLeast, atMost, duration, rate, scaled, type Bench, type Finding } from '../report.ts';
import { median, quantile } from '../rounds.ts';
import { newId, temporaryFolder } from '../support/bench-space.ts';
import { fdatasyncMs, openBareLog } from './bare-log.ts';
import { openBenchNode, until, type BenchNode } from './bench-node.ts';
import { CARRIERS, type CarrierName, type NearEnd, type Where } from './carriers.ts';
import { startFar, type FarProcess } from './far/far-process.ts';
import { handleMessages } from './inbox-cycle.ts';
import { nowMs } from './near-clock.ts';
import { sendFromShell } from './shell-send.ts';

const SINGLE = 150;
const MANY = 2_000;
const ROUNDS = 3;
const IN_FLIGHT = 64;
/** Many, so that few messages wait in each inbox: nobody handles them here. */
const AGENTS = 500;
const INBOX_LIMIT = 10_000;
const SPARE_MS = 0.3;
const LEAST_OF_BARE = 0.7;
const PACE_MS = 4;

const TEXT =
  'I am about to change formatPrice in src/format-price.ts, and who uses it: packages/pricing and packages/invoice';

/** The bench. */
export const messages: Bench = {
  about: 'messages that are durable at both ends, inboxes, skein send',
  run: async (options) => {
    const [single, many] = [scaled(options, SINGLE, 30), scaled(options, MANY, 200)];
    const findings: Finding[] = [];
    if (skipWithoutNats) process.stderr.write(`${skipWithoutNats}\n`);
    else {
      const nats = await startNats();
      findings.push(
        ...(await compare('NATS', { bare: 'natsBare', nats: nats.address, single, many })),
      );
      await nats.stop();
    }
    findings.push(...(await compare('WebSocket', { bare: 'wsBare', single, many })));
    findings.push(...(await handleMessages(scaled(options, 200, 50))));
    return [...findings, ...(await sendFromShell(scaled(options, 15, 5)))];
  },
};

/** How, and how much. */
interface Setting {
  readonly bare: CarrierName;
  readonly nats?: string;
  readonly single: number;
  readonly many: number;
}

/** One way of sending; resolves when the message is durable here and on its way. */
type Send = (index: number) => Promise<unknown>;

/** The ways that are compared. */
interface Ways {
  readonly node: Send;
  /** Nothing is durable. */
  readonly bare: Send;
  /** A plain log at both ends. */
  readonly log: Send;
}

async function compare(carrier: string, setting: Setting): Promise<Finding[]> {
  const folders = [temporaryFolder(), temporaryFolder()];
  const [near = '', other = ''] = folders.map(({ path }) => path);
  const far = startFar('./mail-end.ts');
  const nats = setting.nats === undefined ? {} : { nats: setting.nats };
  const node = await openBenchNode({ folder: near, ...nats });
  try {
    const inboxes = await joinNodes(node, far, { folder: other, ...nats });
    const bare = await dialBare(far, setting);
    const log = openBareLog(join(near, 'bare.jsonl'));
    const ways: Ways = {
      node: (index) =>
        node.run('message.send', { to: `agent:${inboxes[index % AGENTS]}`, text: TEXT }),
      bare: () => bare.send(bareMessage()),
      log: async () => {
        const message = bareMessage();
        await log.append(JSON.stringify(message));
        await bare.send(message);
      },
    };
    const found = await measureWays(far, ways, { ...setting, near, folder: other });
    await bare.close();
    return explain(carrier, found);
  } finally {
    await far.ask('close');
    await node.close();
    await far.stop();
    for (const folder of folders) folder.dispose();
  }
}

/** The other node joins, and registers its agents; answers their ids once they are known here. */
async function joinNodes(
  node: BenchNode,
  far: FarProcess,
  options: { readonly folder: string; readonly nats?: string },
): Promise<readonly string[]> {
  const key = await far.ask<string>('open', { ...options, founder: node.signer.key });
  await node.run('space.admit', { key, role: 'writer' });
  await far.ask('reach', node.address);
  const names = Array.from({ length: AGENTS }, (_, index) => `coder-${index}`);
  const inboxes = await far.ask<readonly string[]>('register', names, INBOX_LIMIT);
  await until(() => node.ledger.read.entities('agent').length === AGENTS);
  return inboxes;
}

async function dialBare(far: FarProcess, { bare, nats = '' }: Setting): Promise<NearEnd> {
  const where = await far.ask<Where | undefined>('serveBare', bare, nats);
  return CARRIERS[bare].open(where ?? nats);
}

const bareMessage = (): BusMessage => ({
  id: newId(),
  subject: 'bare',
  from: 'person:bench',
  sentAt: new Date().toISOString(),
  body: { to: 'agent:coder-1', kind: 'announce', text: TEXT },
});

interface Rounds {
  readonly latencies: number[];
  readonly rates: number[];
  /** Milliseconds of processor time for a message, of both processes. */
  readonly processorMs: number[];
}

type Found = Readonly<Record<keyof Ways, Rounds>> & { readonly syncMs: number[] };

const noRounds = (): Rounds => ({ latencies: [], rates: [], processorMs: [] });

const processorMs = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1_000;

async function measureWays(
  far: FarProcess,
  ways: Ways,
  { single, many, near, folder }: Setting & { readonly near: string; readonly folder: string },
): Promise<Found> {
  const names = Object.keys(ways) as (keyof Ways)[];
  const found: Found = {
    syncMs: [],
    node: noRounds(),
    bare: noRounds(),
    log: noRounds(),
  };
  for (let round = 0; round <= ROUNDS; round += 1) {
    // As often as the rest: how busy the disk is changes while this runs.
    found.syncMs.push(fdatasyncMs(join(near, 'sync'), single));
    for (const [turn] of names.entries()) {
      const name = names[(turn + round) % names.length] as keyof Ways;
      await far.ask('keep', name === 'log' ? folder : null);
      const latencies = await oneByOne(far, ways[name], single);
      const before = await usedMs(far);
      const figure = await manyAtOnce(far, ways[name], many);
      const used = (await usedMs(far)) - before;
      if (round === 0) continue;
      found[name].processorMs.push(used / many);
      found[name].latencies.push(...latencies);
      found[name].rates.push(figure);
    }
  }
  return found;
}

const usedMs = async (far: FarProcess): Promise<number> =>
  processorMs(process.cpuUsage()) + processorMs(await far.ask<NodeJS.CpuUsage>('cpuUsage'));

async function oneByOne(far: FarProcess, send: Send, count: number): Promise<readonly number[]> {
  const arrived = far.ask<readonly number[]>('take', count);
  const sent: number[] = [];
  for (let index = 0; index < count; index += 1) {
    sent.push(nowMs());
    await send(index);
    await delay(PACE_MS);
  }
  return (await arrived).map((atMs, index) => atMs - (sent[index] ?? 0));
}

/** So many are under way until they are durable at the other end, which says so. */
async function manyAtOnce(far: FarProcess, send: Send, count: number): Promise<number> {
  // What has arrived before is told by now.
  await delay(20);
  const arrived = far.ask<readonly number[]>('take', count);
  let [sent, back] = [0, 0];
  const done = Promise.withResolvers<void>();
  const fill = (): void => {
    while (sent < count && sent - back < IN_FLIGHT) {
      sent += 1;
      send(sent).catch(done.reject);
    }
    if (back >= count) done.resolve();
  };
  far.onArrived = (more) => {
    back += more;
    fill();
  };
  const startedMs = nowMs();
  fill();
  await done.promise;
  far.onArrived = () => undefined;
  const endedMs = (await arrived).at(-1) ?? 0;
  return (count * 1_000) / (endedMs - startedMs);
}

function explain(carrier: string, found: Found): Finding[] {
  const p = (name: keyof Ways, q: number): number => quantile(found[name].latencies, q);
  const rates = (name: keyof Ways): number => median(found[name].rates);
  const syncMs = median(found.syncMs);
  const used = (name: keyof Ways): number => median(found[name].processorMs);
  const [figureMs, mostMs] = [p('node', 0.5), p('bare', 0.5) + 2 * syncMs + SPARE_MS];
  const ratio = rates('node') / rates('log');
  const work = `message, durable at both ends, ${carrier}`;
  const figure = rate(rates('node'), 'messages');
  return [
    {
      work: `${work}, p50`,
      figure: duration(figureMs),
      peer: `bare client ${duration(p('bare', 0.5))} + 2 fdatasyncs of ${duration(syncMs)} + ${SPARE_MS} ms: ${duration(mostMs)}`,
      ratio: figureMs / mostMs,
      goal: atMost(figureMs, mostMs, 'these'),
    },
    {
      work: `${work}, p50`,
      figure: duration(figureMs),
      peer: `bare client, plain log at both ends: ${duration(p('log', 0.5))}`,
      ratio: figureMs / p('log', 0.5),
    },
    {
      work: `${work}, p99`,
      figure: duration(p('node', 0.99)),
      peer: `bare client, plain log at both ends: ${duration(p('log', 0.99))}`,
      ratio: p('node', 0.99) / p('log', 0.99),
    },
    {
      work: `${work}, ${IN_FLIGHT} under way`,
      figure,
      peer: `bare client, plain log at both ends: ${rate(rates('log'), 'messages')}`,
      ratio,
      goal: atLeast(ratio, LEAST_OF_BARE, `${LEAST_OF_BARE}`),
    },
    {
      work: `${work}, ${IN_FLIGHT} under way`,
      figure,
      peer: `bare client, nothing durable: ${rate(rates('bare'), 'messages')}`,
      ratio: rates('node') / rates('bare'),
    },
    {
      work: `${work}, processor time at both nodes`,
      figure: duration(used('node')),
      peer: `bare client, plain log at both ends: ${duration(used('log'))}`,
      ratio: used('node') / used('log'),
    },
  ];
}
