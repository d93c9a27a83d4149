/** The process that was away: takes history over a link, from a file, and as bare bytes. */
import { fdatasyncSync, openSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { makeChainReader } from '#ledger/exchange/read-chains.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import { openForReading } from '#ledger/store/database.ts';
import { assertSound, BENCH_SPACE } from '../../support/bench-space.ts';
import { openBenchNode, type BenchNode, type BenchNodeOptions } from '../bench-node.ts';
import { serveBench } from './far-serve.ts';
import { nowMs } from '../near-clock.ts';

const PAGE_BYTES = 1 << 20;

let node: BenchNode | undefined;
let taken = (): void => undefined;

async function open(options: BenchNodeOptions): Promise<void> {
  node = await openBenchNode({ ...options, taken: () => taken() });
}

type Goal = readonly (readonly [string, number])[];

/** From the first try to reach the other node until all is durable here; milliseconds. */
async function catchUp(address: string, goal: Goal): Promise<number> {
  const { reach, ledger } = node as BenchNode;
  const done = Promise.withResolvers<void>();
  taken = () => {
    const here = new Map(ledger.exchange.heads().map(({ chain, seq }) => [chain, seq]));
    if (goal.every(([chain, seq]) => here.get(chain) === seq)) done.resolve();
  };
  const startedMs = nowMs();
  reach(address);
  await done.promise;
  return nowMs() - startedMs;
}

/** The same without any link: pages are read from the other node's file, and given to the writer. */
async function takeAlone(options: BenchNodeOptions, other: string): Promise<number> {
  const { ledger, close } = await openBenchNode(options);
  const database = openForReading(join(other, 'ledger.db'));
  const read = makeLedgerReader(database);
  const chains = makeChainReader(
    database,
    BENCH_SPACE,
    () => read.entity('space', BENCH_SPACE)?.body as SpaceState | undefined,
  );
  const startedMs = nowMs();
  for (const { chain } of chains.heads()) {
    for (let after = 0; ;) {
      const page = chains.page(chain, after, PAGE_BYTES);
      if (page === undefined || page.commits.length === 0) break;
      const outcome = await ledger.exchange.take(page);
      assertSound(outcome.type === 'taken', `a page was not taken: ${outcome.type}`);
      after = outcome.seq;
    }
  }
  const tookMs = nowMs() - startedMs;
  database.close();
  await close();
  return tookMs;
}

async function takeBare(port: number, count: number, folder: string): Promise<number> {
  const file = openSync(join(folder, 'bare'), 'a');
  const startedMs = nowMs();
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  let seen = 0;
  const done = Promise.withResolvers<void>();
  socket.on('message', (data: Buffer) => {
    writeSync(file, data);
    fdatasyncSync(file);
    seen += 1;
    if (seen === count) done.resolve();
  });
  await done.promise;
  const tookMs = nowMs() - startedMs;
  socket.close();
  await once(socket, 'close');
  closeSync(file);
  return tookMs;
}

serveBench({ open, catchUp, takeAlone, takeBare, close: () => node?.close() });
