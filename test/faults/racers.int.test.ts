/** 64 racers for 10,000 tasks through one writer: each task has one winner, and nobody starves. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openNodeKey } from '#identity/node-key.ts';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import type { ChainHead } from '#ledger/ledger.ts';
import { openHeadFile } from '#ledger/store/head-file.ts';
import { openWorkerLedger } from '#ledger/worker-ledger.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import { makeRandom, seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { temporaryFolder } from '../support/space-folder.ts';
import { makeTestLedger, supervisor, type TestLedger } from '../support/test-ledger.ts';
import { inspect, ordersFor } from './writer-process.ts';

const RACERS = 64;
const TASKS = 10_000;
const TASKS_AT_ONCE = 1_000;

/** Racers choose among this many tasks at the front, so that they do meet. */
const WINDOW = 128;

type Claim = (task: string, agent: string) => Promise<boolean>;

interface Race {
  readonly winners: ReadonlyMap<string, readonly string[]>;
  readonly refusals: number;
  readonly unfairness: number;
}

function makeTasks(ledger: TestLedger, count: number): string[] {
  const tasks = Array.from({ length: count }, (_, index) => `t${index}`);
  for (let from = 0; from < count; from += TASKS_AT_ONCE) {
    const events = tasks.slice(from, from + TASKS_AT_ONCE).map((task) => ({
      type: 'task.created',
      subject: `task/${task}`,
      data: { plan: 'p', title: task, role: 'coder', writeSet: [`src/${task}.ts`] },
    }));
    ledger.store('test.state', events);
  }
  return tasks;
}

async function race(tasks: readonly string[], random: SeededRandom, claim: Claim): Promise<Race> {
  const open = [...tasks];
  const winners = new Map<string, string[]>();
  const wins = Array.from({ length: RACERS }, () => 0);
  let refusals = 0;
  const run = async (racer: number): Promise<void> => {
    const agent = `agent:${racer}`;
    while (open.length > 0) {
      const task = open[random.below(Math.min(WINDOW, open.length))] as string;
      if (await claim(task, agent)) {
        winners.set(task, [...(winners.get(task) ?? []), agent]);
        wins[racer] = (wins[racer] ?? 0) + 1;
      } else refusals += 1;
      const found = open.indexOf(task);
      if (found !== -1) open.splice(found, 1);
    }
  };
  await Promise.all(wins.map((_, racer) => run(racer)));
  return { winners, refusals, unfairness: Math.max(...wins) / Math.max(1, Math.min(...wins)) };
}

const duplicatesOf = ({ winners }: Race): number =>
  [...winners.values()].filter((agents) => agents.length > 1).length;

describe('64 racers for 10,000 tasks', () => {
  it('one winner each, the luckiest wins at most three times as often', async (context) => {
    const orders = ordersFor(join(temporaryFolder(), 'space'));
    const { folder, space, nodeKey } = orders;
    const database = openLedgerDatabase(join(folder, 'ledger.db'));
    openBlobDatabase(join(folder, 'blobs.db')).close();
    const before = makeTestLedger({ database, signer: openNodeKey(nodeKey) });
    const tasks = makeTasks(before, TASKS);
    const anchor = openHeadFile(join(folder, 'head'));
    anchor.write(before.core.head as ChainHead);
    anchor.close();
    database.close();
    const ledger = await openWorkerLedger({
      space,
      folder,
      writerEntry: new URL('../../src/daemon/writer.ts', import.meta.url),
      verifierEntry: new URL('../../src/daemon/verifier.ts', import.meta.url),
      workerData: { folder, space, nodeKey, epoch: 2 },
      redact: (text) => ({ text, count: 0 }),
    });
    const { newId } = makeTestLedger({ seed: 3, clock: { ms: Date.now() } });
    const raced = await race(tasks, seededFor(context), async (task, agent) => {
      const command = { id: newId(), name: 'task.claim', input: { task, agent, ttlMs: 60_000 } };
      return ledger.execute(command, supervisor).then(() => true, isConflict);
    });
    const claimed = ledger.read
      .entities('task')
      .filter(({ body }) => (body as TaskState).status === 'claimed');
    await ledger.close();
    assert.equal(raced.winners.size, TASKS);
    assert.equal(claimed.length, TASKS);
    assert.equal(duplicatesOf(raced), 0);
    for (const { id, body } of claimed) {
      assert.deepEqual(raced.winners.get(id), [(body as TaskState).agent]);
    }
    assert.ok(raced.refusals > 0, 'no two racers met: this race tried nothing');
    assert.ok(raced.unfairness <= 3, `unfairness ${raced.unfairness}`);
    assert.deepEqual(inspect(orders, []).report.damage, []);
    context.diagnostic(`${raced.refusals} refusals, unfairness ${raced.unfairness.toFixed(2)}`);
  });

  it('has a twin: without the check of the claim tasks have several winners', async (context) => {
    // Grants the claim to whoever asks, as a queue does that reads first and writes later.
    const ledger = makeTestLedger({
      deciders: {
        'task.claim': (input) => {
          const { task, agent } = input as { readonly task: string; readonly agent: string };
          const data = { agent, lease: `${task}.${agent}`, attempt: 1 };
          return [{ type: 'task.claimed', subject: `task/${task}`, data }];
        },
      },
    });
    const tasks = makeTasks(ledger, 500);
    const raced = await race(tasks, makeRandom(seededFor(context).seed), async (task, agent) => {
      await new Promise((resolve) => setImmediate(resolve));
      const [outcome] = ledger.flush(ledger.pending('task.claim', { task, agent, ttlMs: 1 }));
      return outcome?.type === 'stored';
    });
    assert.ok(duplicatesOf(raced) > 0, 'no duplicate was seen: this race could not see one');
    context.diagnostic(`${duplicatesOf(raced)} tasks with several winners`);
  });
});

function isConflict(error: { readonly name: string }): boolean {
  assert.equal(error.name, 'conflict');
  return false;
}
