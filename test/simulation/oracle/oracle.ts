/**
 * What must hold, whatever happened: the record is whole and folds to the state there is, nothing
 * acknowledged is lost, nothing was done twice, the world is what the missions that are done should
 * have made of it. (Rules about single events are beside this file.)
 */
import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { reducers } from '#daemon/state-tables.ts';
import { verifySignature, type Signer } from '#identity/signer.ts';
import { entityLine } from '#ledger/state/fold.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { ChainHead } from '#ledger/ledger.ts';
import { foldAll } from '#ledger/state/refold.ts';
import { entityFromRow } from '#ledger/store/entity-store.ts';
import { ChainWalk } from '#ledger/verify/verify-chain.ts';
import { DamageList } from '#ledger/verify/verify-damage.ts';
import type { MissionState } from '#supervisor/mission-reducer.ts';
import type { LeaseState } from '#tasks/task-reducer.ts';
import { SPACE } from '../../support/test-ledger.ts';
import type { SimDisk } from '../node/sim-disk.ts';
import type { Acknowledged, Life } from '../node/sim-node.ts';
import { missionOf, type Wish } from '../person.ts';
import { BASE, newWorld, treeId, type Tree, type WorldState } from '../world/world-state.ts';
import { expectedTree, isSloppy } from './plan-rules.ts';

/** All that the record can be asked by itself; also right after a crash. */
export function assertRecord(
  database: DatabaseSync,
  head: ChainHead | undefined,
  signer: Signer,
): void {
  const damage = new DamageList();
  const anchors = head === undefined ? [] : [head];
  const walk = new ChainWalk(
    { space: SPACE, owner: signer.key, reducers, anchors, verifySignature },
    damage,
  );
  walk.run(database);
  assert.deepEqual(damage.list, [], 'the chain verifies');
  const lines = database.prepare('SELECT * FROM entities').all().map(entityFromRow).map(entityLine);
  const folded = [...foldAll(database, reducers).values()].map(entityLine);
  assert.deepEqual(lines.toSorted(), folded.toSorted(), 'the state is what its events fold to');
}

/** Every event of every receipt that was given out is there, in the commit that it names. */
export function assertAcknowledged(
  database: DatabaseSync,
  acknowledged: readonly Acknowledged[],
): void {
  const reader = makeLedgerReader(database);
  const commitOf = database.prepare(
    'SELECT c.hash FROM events e JOIN commits c ON c.position = e.commit_position WHERE e.position = ?',
  );
  for (const { command, receipt } of acknowledged) {
    for (const id of receipt.events) {
      const position = reader.position(id);
      assert.ok(position !== undefined, `${command.name} was acknowledged and is lost`);
      const commit = commitOf.get(position)?.['hash'];
      assert.equal(commit, receipt.commit, `${command.name} is in another commit`);
    }
  }
}

/** What happens once happened once, however often the node died in the middle of it. */
export function assertOnce({ happened }: WorldState): void {
  const again = Object.entries(happened).filter(
    ([what, times]) => times > 1 && !/^(half|second|check|removal|files) /.test(what),
  );
  assert.deepEqual(again, [], 'these were done again');
}

/** What was wished, and how many agents fell silent over each task. */
export interface Told {
  readonly wishes: readonly Wish[];
  readonly silences: ReadonlyMap<string, number>;
}

/** Every mission has ended, and the world holds what it promised, and nothing of the others. */
export function assertEnd(life: Life, { world }: SimDisk, { wishes, silences }: Told): void {
  const merged: Tree[] = [newWorld().files];
  for (const wish of wishes) {
    const state = missionOf(life, wish);
    const ref = world.refs[`refs/heads/skein/${wish.mission}`];
    const status = state?.status ?? 'missing';
    if (status === 'done') {
      const tree = world.commits[ref ?? '']?.tree ?? {};
      assert.equal(state?.gitCommit, ref, 'the record names the git commit on the branch');
      assert.equal(treeId(tree), treeId(wantedTree(wish)), `${wish.author} made another tree`);
      const left = Object.keys(world.worktrees).filter((path) => path.includes(wish.mission));
      assert.deepEqual(left, [], 'a mission that is done leaves a worktree');
      if (state?.merged === true) merged.push(tree);
    } else if (state?.problem?.error === 'effect-unknown') {
      // Files that another merge left half-made: a person must look. Only a merge gets there.
      assert.ok(wish.merge && ref !== undefined, 'only a merge may be in doubt');
    } else if (status !== 'cancelled') {
      assert.equal(ref, undefined, `a mission that is ${status} leaves no branch`);
    }
    assertOwnEnd(wish, { status, problem: state?.problem ?? null, silences });
    assertNothingOpen(life, wish, status);
  }
  assert.ok(merged.length <= 2, 'only one mission can be merged into one base');
  const last = merged.at(-1) ?? {};
  assert.equal(treeId(world.files), treeId(last), 'the files of the person are as they asked');
  const main = world.commits[world.refs['refs/heads/main'] ?? '']?.tree ?? {};
  assert.equal(treeId(main), treeId(last));
}

interface End extends Pick<MissionState, 'problem'> {
  readonly status: string;
  readonly silences: Told['silences'];
}

/** A mission ends as its story would have it: nothing fails but what must. */
function assertOwnEnd(wish: Wish, { status, problem, silences }: End): void {
  const told = `${wish.author} is ${status}: ${problem?.error} ${problem?.message}`;
  if (status === 'cancelled') assert.notEqual(wish.cancelAt, null, told);
  else if (status === 'rejected') assert.ok(isRejected(wish), told);
  else if (status === 'done') {
    assert.ok(wish.lie === null && !isSloppy(wish), `nobody noticed a lie: ${told}`);
    assert.ok(!isRejected(wish) && !breaks(wish), told);
  } else {
    assert.equal(status, 'failed', told);
    assert.ok(mayFail(wish, silences).includes(problem?.error ?? ''), told);
  }
}

/** So many agents may fall silent over one task before its mission fails. */
const MOST_SILENCES = 3;

const isRejected = ({ answers, hidden }: Wish): boolean =>
  answers[0] === 'reject' || (hidden !== null && answers[1] === 'reject');

const breaks = ({ checks, paths, hidden }: Wish): boolean =>
  [...paths, hidden].some((path) => checks.includes(`breaks-${path}`));

/** The names of errors that the mission may come to. */
function mayFail(wish: Wish, silences: Told['silences']): readonly string[] {
  const tooOften = [...silences].some(
    ([task, times]) => task.startsWith(wish.mission) && times >= MOST_SILENCES,
  );
  return [
    ...(tooOften ? ['agent-lost'] : []),
    ...(breaks(wish) ? ['check-failed'] : []),
    ...(wish.merge ? ['effect-unknown'] : []),
    ...(isSloppy(wish) ? ['review-refused'] : []),
    ...(wish.lie === null ? [] : ['evidence-missing', 'review-refused', 'edit-conflict']),
  ];
}

/** The tree of a mission that is done. */
const wantedTree = ({ author, paths, hidden, commanded }: Wish): Tree =>
  expectedTree(newWorld().commits[BASE]?.tree ?? {}, author, [
    ...paths,
    ...[hidden, commanded].filter((path) => path !== null),
  ]);

function assertNothingOpen({ ledger }: Life, { mission }: Wish, status: string): void {
  const mine = (body: unknown): boolean => (body as { mission?: string }).mission === mission;
  if (status === 'done') {
    const open = ledger.read
      .entities('effect')
      .filter(({ id, body }) => mine(body) && !id.endsWith(':ghost'))
      .filter(({ body }) => (body as { status: string }).status === 'intended');
    assert.deepEqual(open, [], 'nothing is open when a mission is done');
  }
  const held = ledger.read
    .entities('lease')
    .map(({ body }) => body as LeaseState)
    .filter((lease) => lease.task.startsWith(`${mission}.`) && lease.status === 'held');
  assert.deepEqual(held, [], `a lease outlived a mission that is ${status}`);
}
