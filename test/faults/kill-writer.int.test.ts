/**
 * kill -9 at random instants of a writing process: what it acknowledged is there, forty times; a
 * thousand times with SKEIN_LONG=1.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it, type TestContext } from 'node:test';
import { makeRandom, seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { temporaryFolder } from '../support/space-folder.ts';
import { inspect, ordersFor, startWriter, type ChildOrders, type Left } from './writer-process.ts';

const LANES = 2;
const ROUNDS = process.env['SKEIN_LONG'] === undefined ? 20 : 500;
const ROUNDS_IN_SPACE = 10;

interface Round extends Left {
  readonly acknowledged: readonly string[];
}

/** One life: begun, killed at some instant, its files opened again. */
async function killOnce(orders: ChildOrders, random: SeededRandom): Promise<string[]> {
  const writer = startWriter(orders);
  // Most instants while it writes, some while it still opens its files.
  if (random.below(5) > 0) await writer.saw(/^ok /mu);
  await sleep(random.below(random.below(5) > 0 ? 60 : 250));
  writer.child.kill('SIGKILL');
  await writer.ended;
  return writer.acknowledged();
}

/** Many lives on one record after another; answers what was found after each. */
async function liveAndDie(
  random: SeededRandom,
  rounds: number,
  more: Partial<ChildOrders> = {},
): Promise<Round[]> {
  const found: Round[] = [];
  let folder = '';
  let acknowledged: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (round % ROUNDS_IN_SPACE === 0) {
      folder = join(temporaryFolder(), 'space');
      acknowledged = [];
      // The first life is long enough for a record to be there.
      const first = startWriter(ordersFor(folder, { commands: 20 }));
      await first.saw(/^closed/mu);
      await first.ended;
    }
    const orders = ordersFor(folder, { epoch: 2 + round, ...more });
    acknowledged = [...acknowledged, ...(await killOnce(orders, random))];
    found.push({ ...inspect(orders, acknowledged), acknowledged });
  }
  return found;
}

describe('kill -9 of a writer', { concurrency: true }, () => {
  for (let lane = 0; lane < LANES; lane += 1) {
    it(`loses nothing acknowledged in ${ROUNDS} rounds (lane ${lane})`, async (context) => {
      const random = makeRandom(seededFor(context).seed + lane);
      const rounds = await liveAndDie(random, ROUNDS);
      for (const { missing, anchor, report } of rounds) {
        assert.deepEqual([missing, anchor, report.damage], [[], undefined, []]);
      }
      tellCounts(context, rounds);
    });
  }
});

describe('its twin', () => {
  it('acknowledges before the commit, and loses', async (context) => {
    const rounds = await liveAndDie(seededFor(context), 5, { acknowledgeEarly: true });
    const lost = rounds.filter(({ missing }) => missing.length > 0).length;
    assert.ok(lost > 0, 'no acknowledged event was lost: this test could not see a loss');
    for (const { report: verified } of rounds) assert.deepEqual(verified.damage, []);
    tellCounts(context, rounds);
  });
});

function tellCounts(context: TestContext, rounds: readonly Round[]): void {
  const acknowledged = rounds.map((round) => round.acknowledged.length);
  const lost = rounds.map(({ missing }) => missing.length);
  context.diagnostic(
    `${Math.max(...acknowledged)} acknowledged at most in a record, lost: ${Math.max(...lost)}`,
  );
}
