/** Promise 7 by chance: whatever is claimed, released and restarted, no two hold one path. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import { GIT_ID, editIntent, missionStory } from '../support/mission-story.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { makeTestLedger, type TestLedger } from '../support/test-ledger.ts';

const MISSIONS = 8;
const STEPS = 300;
const PATHS = ['a', 'b', 'c', 'd', 'e', 'f'];

interface Held extends LeaseState {
  readonly id: string;
}

const bodies = <B>({ database }: TestLedger, kind: string): ReadonlyMap<string, B> =>
  new Map(
    database
      .prepare('SELECT id, body FROM entities WHERE kind = ?')
      .all(kind)
      .map((row) => [String(row['id']), JSON.parse(String(row['body'])) as B]),
  );

const leasesOf = (ledger: TestLedger): Held[] =>
  [...bodies<LeaseState>(ledger, 'lease')].map(([id, body]) => ({ ...body, id }));

/** What must hold after every step. */
function assertApart(ledger: TestLedger, epoch: number): void {
  const leases = leasesOf(ledger);
  const paths = leases
    .filter((lease) => lease.status === 'held' && lease.epoch === epoch)
    .flatMap((lease) => lease.paths);
  assert.equal(new Set(paths).size, paths.length, `held twice: ${paths.join(' ')}`);
  const tokens = leases.map(({ token }) => token);
  assert.equal(new Set(tokens).size, tokens.length, 'a token was given twice');
}

/** Whether the model lets this task have its paths. */
function mayClaim(ledger: TestLedger, id: string, epoch: number): boolean {
  const task = bodies<TaskState>(ledger, 'task').get(id) as TaskState;
  const leases = leasesOf(ledger);
  const held = leases.filter((lease) => lease.status === 'held' && lease.epoch === epoch);
  const own = leases.find((lease) => lease.id === task.lease);
  const isFree =
    task.status === 'ready' || (task.status === 'claimed' && !held.includes(own as Held));
  return isFree && !held.some((lease) => lease.paths.some((path) => task.writeSet.includes(path)));
}

function randomStep(ledger: TestLedger, random: SeededRandom, epoch: number): boolean {
  const mission = `m${random.below(MISSIONS)}`;
  const task = `${mission}.1`;
  const [name, input] = random.pick([
    ['task.claim', { task, agent: `agent${random.below(3)}`, ttlMs: 1 }],
    ['task.claim', { task, agent: 'coder', ttlMs: 1 }],
    ['task.release', { task, reason: 'stopped' }],
    ['task.fail', { task, reason: 'broken' }],
    ['task.finish', { task, gitTree: GIT_ID, checks: [] }],
  ] as const);
  // Few end, so that most steps are claims that meet each other.
  if (/fail|finish/.test(name) && random.below(12) > 0) return false;
  const expected = name === 'task.claim' ? mayClaim(ledger, task, epoch) : undefined;
  const [outcome] = ledger.flush(ledger.pending(name, input));
  const stored = outcome?.type === 'stored';
  if (expected !== undefined) assert.equal(stored, expected, `${name} ${task}`);
  return stored;
}

function randomEdit(ledger: TestLedger, random: SeededRandom, epoch: number, step: number): void {
  const leases = leasesOf(ledger);
  if (leases.length === 0) return;
  const lease = random.pick(leases);
  const token = random.below(3) === 0 ? lease.token + random.pick([-1, 1]) : lease.token;
  const path = random.pick(PATHS);
  const intent = editIntent('m0', path, { id: lease.id, token });
  const [outcome] = ledger.flush(
    ledger.pending('effect.intend', { ...intent, effect: `e${step}` }),
  );
  const isHeld = lease.status === 'held' && lease.epoch === epoch;
  const expected = isHeld && token === lease.token && lease.paths.includes(path);
  assert.equal(outcome?.type === 'stored', expected, `${path} under ${JSON.stringify(lease)}`);
}

/** One more path, or the end by silence, for whoever shows the token of a lease. */
function randomLease(ledger: TestLedger, random: SeededRandom, epoch: number): boolean {
  const leases = leasesOf(ledger);
  if (leases.length === 0) return false;
  const { id, paths, token, status, ...lease } = random.pick(leases);
  const shown = random.below(3) === 0 ? token + 1 : token;
  const stands = status === 'held' && shown === token;
  if (random.below(6) === 0) {
    const { events } = ledger.store('lease.expire', { lease: id, token: shown });
    assert.equal(events.length > 0, stands, `${id} ends by silence`);
    return false;
  }
  const path = random.pick(PATHS);
  const others = leases.filter((each) => each.id !== id && each.status === 'held');
  const isFree = !others.some((each) => each.epoch === epoch && each.paths.includes(path));
  const more = { lease: id, token: shown, path, why: 'also used there' };
  const [outcome] = ledger.flush(ledger.pending('lease.extend', more));
  const expected = stands && lease.epoch === epoch && (isFree || paths.includes(path));
  assert.equal(outcome?.type === 'stored', expected, `${path} for ${id}`);
  return expected && !paths.includes(path);
}

describe('leases', () => {
  it('never overlap, fence by token, epoch and path, and agree with a simple model', (context) => {
    const random = seededFor(context);
    let ledger = makeTestLedger({ seed: random.seed });
    for (let mission = 0; mission < MISSIONS; mission += 1) {
      const paths = random.shuffle(PATHS).slice(0, 1 + random.below(3));
      const story = missionStory(`m${mission}`, paths).slice(0, 5);
      for (const { name, input } of story) ledger.store(name, input);
    }
    let epoch = 1;
    let [stored, extended] = [0, 0];
    for (let step = 0; step < STEPS; step += 1) {
      if (randomStep(ledger, random, epoch)) stored += 1;
      randomEdit(ledger, random, epoch, step);
      if (randomLease(ledger, random, epoch)) extended += 1;
      assertApart(ledger, epoch);
      if (random.below(40) > 0) continue;
      epoch += 1;
      const { database, signer, clock } = ledger;
      clock.ms += 1_000;
      ledger = makeTestLedger({ database, signer, clock, epoch, seed: random.seed + epoch * 2 });
    }
    assert.ok(stored > STEPS / 20 && epoch > 2, `${stored} stored over ${epoch} epochs`);
    assert.ok(extended > 3, `${extended} extended`);
  });
});
