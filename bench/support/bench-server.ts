/**
 * A process of its own that serves a bench's ledger through the real API on a Unix socket. On a
 * message it appends at a fixed schedule, through the ledger or, as the peer, to a bare file whose
 * lines it sends to a bare socket. Arguments: folder, API socket, bare socket.
 */
import { fdatasync, openSync, writeSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { getRequestListener } from '@hono/node-server';
import { makeApi } from '#api/routes.ts';
import { openBenchLedger } from './bench-ledger.ts';
import { BENCH_SPEAKER, pending } from './bench-space.ts';

/** Append `count` events, `perSecond` of them a second; event n is due n / perSecond after the start. */
export interface Schedule {
  readonly to: 'ledger' | 'bare';
  readonly count: number;
  readonly perSecond: number;
}

/** What the server tells: it listens, a schedule starts (nanoseconds of the monotonic clock). */
export type ServerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'started'; readonly atNs: string };

const [folder = '', apiSocket = '', bareSocket = ''] = process.argv.slice(2);
const syncFile = promisify(fdatasync);
const ledger = await openBenchLedger(folder, 2);
const api = makeApi({
  identify: () => BENCH_SPEAKER,
  execute: ({ id, name, input }, speaker) => ledger.execute({ id, name, input }, speaker),
  entities: async () => ({ entities: [], unreadable: [] }),
  ledger: async () => ledger,
  atWork: () => [],
  work: () => ({ agents: [], jobs: 1, epoch: 1 }),
  status: async () => ({}),
  enter: () => () => undefined,
});
const listeners = new Set<Socket>();
const bareServer = createServer((socket) => {
  listeners.add(socket);
  // Who has heard enough leaves without a word.
  socket.on('error', () => listeners.delete(socket));
  socket.on('close', () => listeners.delete(socket));
});
const tell = (message: ServerMessage): void => void process.send?.(message);

createHttpServer(getRequestListener(api.fetch)).listen(apiSocket, () =>
  bareServer.listen({ path: bareSocket, backlog: 4_096 }, () => tell({ type: 'ready' })),
);
process.on('message', (schedule: Schedule) => {
  runSchedule(schedule, schedule.to === 'ledger' ? appendToLedger : bareAppender());
});
process.on('disconnect', () => process.exit(0));

/** Calls `append` with the numbers that have come due, every millisecond. */
function runSchedule({ count, perSecond }: Schedule, append: (numbers: number[]) => void): void {
  const startNs = process.hrtime.bigint() + 50_000_000n;
  tell({ type: 'started', atNs: String(startNs) });
  let next = 0;
  const tick = (): void => {
    const elapsedNs = Number(process.hrtime.bigint() - startNs);
    const due = Math.min(count, Math.floor((elapsedNs * perSecond) / 1e9) + 1);
    if (due > next) append(Array.from({ length: due - next }, (_, index) => next + index));
    next = Math.max(next, due);
    if (next < count) setTimeout(tick, 1);
  };
  tick();
}

function appendToLedger(numbers: readonly number[]): void {
  for (const number of numbers) {
    const { command, speaker } = pending('effect.intend', intent(number));
    void ledger.execute(command, speaker);
  }
}

const intent = (number: number): object => ({
  kind: 'check',
  effect: `bench/check/change/test-${number}`,
  subject: 'check/test',
  mission: 'bench',
  data: { name: String(number), command: 'npm test', phase: 'change', timeoutMs: 600_000 },
});

/** Group commit without a ledger: while one sync runs the next lines gather. */
function bareAppender(): (numbers: readonly number[]) => void {
  const file = openSync(join(folder, 'bare.jsonl'), 'a');
  let waiting: string[] = [];
  let syncing = false;
  const flush = async (): Promise<void> => {
    syncing = true;
    while (waiting.length > 0) {
      const lines = waiting.join('');
      waiting = [];
      writeSync(file, lines);
      await syncFile(file);
      for (const socket of listeners) socket.write(lines);
    }
    syncing = false;
  };
  return (numbers) => {
    for (const number of numbers) waiting.push(`${JSON.stringify(intent(number))}\n`);
    if (!syncing) void flush();
  };
}
