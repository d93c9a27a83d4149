/**
 * What must hold, whatever happened: the record is whole and folds to the state there is, nothing
 * acknowledged is lost, no path was held twice, no effect without its lease, the world is what the
 * missions that are done should have made of it.
 */
import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { reducers } from '#daemon/state-tables.ts';
import { verifySignature, type Signer } from '#identity/signer.ts';
import { entityLine } from '#ledger/fold.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { ChainHead } from '#ledger/ledger.ts';
import { foldAll } from '#ledger/refold.ts';
import { entityFromRow } from '#ledger/store/entity-store.ts';
import { ChainWalk } from '#ledger/verify/verify-chain.ts';
import { DamageList } from '#ledger/verify/verify-damage.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import type { EventEnvelope } from '#protocol/event.ts';
import type { MissionProblem } from '#supervisor/mission-reducer.ts';
import type { LeaseState } from '#tasks/task-reducer.ts';
import { SPACE } from '../support/test-ledger.ts';
import { missionOf, type Wish } from './person.ts';
import type { Acknowledged, Life } from './sim-node.ts';
import type { SimDisk } from './sim-disk.ts';
import { BASE, edited, newWorld, treeId, type Tree, type WorldState } from './world-state.ts';

/** From which event on which epoch wrote. */
export interface EpochStart {
  readonly epoch: number;
  readonly after: number;
}

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

function* eventsOf(database: DatabaseSync): Generator<readonly [number, EventEnvelope]> {
  const rows = database.prepare('SELECT position, body FROM events ORDER BY position').all();
  for (const { position, body } of rows) {
    const decoded = decodeEvent(body as Uint8Array);
    yield [Number(position), decoded.event as EventEnvelope];
  }
}

/** A second, simple opinion on leases: who holds what is written down as the events go by. */
export function assertLeases(database: DatabaseSync, epochs: readonly EpochStart[]): void {
  const held = new Map<string, LeaseState>();
  const granted = new Set<string>();
  for (const [position, { type, subject, data }] of eventsOf(database)) {
    const epoch = epochs.findLast(({ after }) => after < position)?.epoch;
    const id = subject.slice('lease/'.length);
    if (type === 'lease.granted') {
      const lease = data as LeaseState;
      assert.equal(lease.epoch, epoch, 'a lease is of the epoch that grants it');
      for (const other of held.values()) {
        if (other.epoch !== epoch) continue;
        const both = other.paths.filter((path) => lease.paths.includes(path));
        assert.deepEqual(both, [], `two hold a path: ${other.task}, ${lease.task}`);
      }
      const tokens = [...held.values()].map(({ token }) => token);
      assert.ok(Math.max(0, ...tokens) < lease.token, 'tokens rise');
      held.set(id, lease);
      for (const path of lease.paths) granted.add(`${epoch} ${path}`);
    } else if (type === 'lease.released') held.delete(id);
    else if (type === 'edit.intended') assertHolder(data as EditIntent, held, epoch);
    else if (type === 'mission.failed') assertHeld(data as MissionProblem, granted, epoch);
  }
}

/** Who could not have a path was refused because somebody had it in this epoch. */
function assertHeld(
  { message }: MissionProblem,
  granted: ReadonlySet<string>,
  epoch: number | undefined,
): void {
  const path = /Cannot lease (\S+):/.exec(message)?.[1];
  if (path === undefined) return;
  assert.ok(granted.has(`${epoch} ${path}`), `${path} was refused and nobody held it`);
}

interface EditIntent {
  readonly lease: string;
  readonly token: number;
  readonly path: string;
}

function assertHolder(
  { lease, token, path }: EditIntent,
  held: ReadonlyMap<string, LeaseState>,
  epoch: number | undefined,
): void {
  const holder = held.get(lease);
  const holds = holder?.token === token && holder.epoch === epoch && holder.paths.includes(path);
  assert.ok(holds, `an edit of ${path} was let in without its lease`);
}

/** What happens once happened once, however often the node died in the middle of it. */
export function assertOnce({ happened }: WorldState): void {
  const again = Object.entries(happened).filter(
    ([what, times]) => times > 1 && !/^(half|check|removal|files) /.test(what),
  );
  assert.deepEqual(again, [], 'these were done again');
}

/** Every mission has ended, and the world holds what it promised, and nothing of the others. */
export function assertEnd(life: Life, disk: SimDisk, wishes: readonly Wish[]): void {
  const { world } = disk;
  const merged: Tree[] = [newWorld().files];
  for (const wish of wishes) {
    const state = missionOf(life, wish);
    const ref = world.refs[`refs/heads/skein/${wish.mission}`];
    const status = state?.status ?? 'missing';
    assert.notEqual(state?.problem?.error, 'internal', state?.problem?.message ?? '');
    if (status === 'done') {
      const tree = world.commits[ref ?? '']?.tree ?? {};
      assert.equal(state?.gitCommit, ref, 'the record names the git commit on the branch');
      assert.equal(treeId(tree), treeId(expectedTree(wish)), `${wish.author} made another tree`);
      assert.equal(world.worktrees[`/worktrees/${wish.mission}`], undefined);
      if (state?.merged === true) merged.push(tree);
    } else if (state?.problem?.error === 'effect-unknown') {
      // Files that another merge left half-made: a person must look. Only a merge gets there.
      assert.ok(wish.merge && ref !== undefined, 'only a merge may be in doubt');
    } else if (status !== 'cancelled') {
      assert.equal(ref, undefined, `a mission that is ${status} leaves no branch`);
    }
    assertNothingOpen(life, wish, status);
  }
  assert.ok(merged.length <= 2, 'only one mission can be merged into one base');
  const last = merged.at(-1) ?? {};
  assert.equal(treeId(world.files), treeId(last), 'the files of the person are as they asked');
  const main = world.commits[world.refs['refs/heads/main'] ?? '']?.tree ?? {};
  assert.equal(treeId(main), treeId(last));
}

/** The tree of a mission that is done. */
export function expectedTree({ author, paths }: Wish): Tree {
  const base = newWorld().commits[BASE]?.tree ?? {};
  const changes = paths.map((path) => [path, edited(base[path] ?? '', author)] as const);
  return { ...base, ...Object.fromEntries(changes) };
}

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
