/**
 * 64 racers for 10,000 tasks, one winner each, durable when it is answered: through the ledger in
 * process and through HTTP on the Unix socket, beside a plain job queue in SQLite.
 */
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { openBlobDatabase } from '#ledger/store/database.ts';
import { openBenchLedger } from './support/bench-ledger.ts';
import {
  assertSound,
  BENCH_SPEAKER,
  newId,
  openSpace,
  temporaryFolder,
} from './support/bench-space.ts';
import { makeTasks } from './support/many-tasks.ts';
import { race, type Race } from './support/race.ts';
import { atLeast, atMost, duration, rate, scaled, type Bench, type Finding } from './report.ts';
import { median, perSecond } from './rounds.ts';
import { startServer } from './support/server-process.ts';

const RACERS = 64;
const TASKS = 10_000;
const HTTP_TASKS = 4_000;
const QUEUE_JOBS = 500;
const ROUNDS = 3;

/** The bench. */
export const claims: Bench = {
  about: `${RACERS} racers for ${TASKS} tasks, one winner each`,
  run: async (options) => {
    const [inside, queue, outside, calm]: [Race[], number[], Race[], Race[]] = [[], [], [], []];
    for (let round = 0; round < scaled(options, ROUNDS); round += 1) {
      inside.push(await raceInProcess(scaled(options, TASKS, 1_000)));
      queue.push(claimFromQueue());
      outside.push(await raceOverHttp(scaled(options, HTTP_TASKS, 1_000), RACERS));
      calm.push(await raceOverHttp(scaled(options, HTTP_TASKS / 4, 500), 1));
    }
    return explain({ inside, queue: median(queue), outside, calm });
  },
};

async function raceInProcess(count: number): Promise<Race> {
  const folder = temporaryFolder();
  const tasks = fillSpace(folder.path, count);
  const ledger = await openBenchLedger(folder.path, 2);
  const claim = async (task: string, agent: string): Promise<boolean> => {
    const input = { task, agent, ttlMs: 60_000 };
    const command = { id: newId(), name: 'task.claim', input };
    return ledger.execute(command, BENCH_SPEAKER).then(
      () => true,
      (error: { readonly name: string }) => isConflict(error.name),
    );
  };
  try {
    return await race(tasks, RACERS, claim);
  } finally {
    await ledger.close();
    folder.dispose();
  }
}

function fillSpace(folder: string, count: number): string[] {
  const space = openSpace(folder);
  const tasks = makeTasks(space, count);
  space.close();
  return tasks;
}

function isConflict(name: string): false {
  assertSound(name === 'conflict', `a claim failed: ${name}`);
  return false;
}

async function raceOverHttp(count: number, racers: number): Promise<Race> {
  const folder = temporaryFolder();
  const tasks = fillSpace(folder.path, count);
  const server = await startServer(folder.path);
  const agent = new Agent({ keepAlive: true, maxSockets: racers });
  try {
    return await race(tasks, racers, (task, name) => {
      const input = { task, agent: name, ttlMs: 60_000 };
      return post(server.socket, agent, JSON.stringify({ id: newId(), input }));
    });
  } finally {
    agent.destroy();
    await server.stop();
    folder.dispose();
  }
}

function post(socketPath: string, agent: Agent, body: string): Promise<boolean> {
  const headers = { authorization: 'Bearer bench', 'content-length': Buffer.byteLength(body) };
  const call = { socketPath, agent, headers, method: 'POST', path: '/v1/commands/task.claim' };
  return new Promise((resolve, reject) => {
    const asked = request(call, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode === 200 || isConflictStatus(answer)));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

function isConflictStatus({ statusCode }: { readonly statusCode?: number | undefined }): false {
  return isConflict(statusCode === 409 ? 'conflict' : `HTTP ${statusCode}`);
}

/** The plain job queue: one durable transaction a claim, nothing signed, nothing told. */
function claimFromQueue(): number {
  const folder = temporaryFolder();
  const database = openBlobDatabase(join(folder.path, 'queue.db'));
  database.exec('CREATE TABLE jobs (id INTEGER PRIMARY KEY, holder TEXT)');
  database.exec('CREATE INDEX free ON jobs (id) WHERE holder IS NULL; BEGIN');
  const add = database.prepare('INSERT INTO jobs VALUES (?, NULL)');
  for (let id = 0; id < TASKS; id += 1) add.run(id);
  database.exec('COMMIT');
  const claim = database.prepare(
    `UPDATE jobs SET holder = ?
     WHERE id = (SELECT id FROM jobs WHERE holder IS NULL LIMIT 1) RETURNING id`,
  );
  const figure = perSecond(QUEUE_JOBS, () => {
    for (let job = 0; job < QUEUE_JOBS; job += 1) claim.get(`racer-${job % RACERS}`);
  });
  database.close();
  folder.dispose();
  return figure;
}

interface Figures {
  readonly inside: readonly Race[];
  readonly queue: number;
  readonly outside: readonly Race[];
  readonly calm: readonly Race[];
}

function explain({ inside, queue, outside, calm }: Figures): Finding[] {
  const middle = (races: readonly Race[], pick: (race: Race) => number): number =>
    median(races.map(pick));
  const speed = ({ wins, durationMs }: Race): number => (wins * 1_000) / durationMs;
  const all = [...inside, ...outside];
  const duplicates = all.reduce((sum, one) => sum + one.duplicates, 0);
  const unfair = Math.max(...all.map(({ unfairness }) => unfairness));
  const [near, far] = [middle(inside, speed), middle(outside, speed)];
  const peer = `SQLite job queue, one after the other: ${rate(queue, 'claims')}`;
  const p50 = middle(calm, ({ p50Ms }) => p50Ms);
  return [
    {
      work: `claims, ${RACERS} racers, in process`,
      figure: `${rate(near, 'claims')}, p99 ${duration(middle(inside, ({ p99Ms }) => p99Ms))}`,
      peer,
      ratio: near / queue,
      goal: atLeast(near, 15_000, '15 k/s'),
    },
    {
      work: `claims, ${RACERS} racers, HTTP on the socket`,
      figure: rate(far, 'claims'),
      peer,
      ratio: far / queue,
      goal: atLeast(far, 2_000, '2 k/s'),
    },
    {
      work: 'claims, one racer, HTTP on the socket, p50',
      figure: duration(p50),
      peer: `SQLite job queue: ${duration(1_000 / queue)}`,
      ratio: (p50 * queue) / 1_000,
      goal: atMost(p50, 2, '2 ms'),
    },
    {
      work: 'claims, tasks with two winners',
      figure: String(duplicates),
      goal: atMost(duplicates, 0, '0'),
    },
    {
      work: 'claims, most wins of a racer by fewest',
      figure: unfair.toFixed(2),
      goal: atMost(unfair, 3, '3'),
    },
  ];
}
