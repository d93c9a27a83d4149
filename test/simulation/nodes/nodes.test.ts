/**
 * Many nodes in one process: whatever the network does, whoever dies, lies, leaves or comes late, the
 * oracle holds. A failure names its seed; SKEIN_SEED repeats one, SKEIN_SEEDS runs so many. With
 * SKEIN_LONG=1 more stories of each mix of faults are told, and more of chance.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { FAULT_KINDS, type FaultKind } from './sim-story.ts';
import { tellNodes } from './tell-nodes.ts';

/** Seeds that are always told: each once found something, here or in the oracle. */
const FIXED = [2, 3, 126];

const isLong = process.env['SKEIN_LONG'] !== undefined;

const RANDOM_SEEDS = isLong ? 20 : 7;

/** So many stories of each mix show every turn. */
const SEEDS_OF_MIX = isLong ? 3 : 2;

/** What happens in some story or other; each is a turn that things may take. */
const TURNS = [
  'agent.retired',
  'message.assigned',
  'message.dead-lettered',
  'message.deferred',
  'message.expired',
  'message.handled',
  'message.refused',
  'message.returned',
  'message.unanswered',
  'mission.submitted',
  'node.announced',
  'request.accepted',
  'request.rejected',
  'space.member-removed',
];

/** Stories in which one kind of fault comes with others that make it worse. */
const MIXES: readonly (readonly FaultKind[])[] = [
  ['rough', 'crash', 'partition'],
  ['crash', 'clock', 'late'],
  ['forge', 'rough', 'break'],
  ['remove', 'partition', 'crash'],
  FAULT_KINDS,
];

describe('a story of many nodes', () => {
  it('is the same whenever it is told', async () => {
    for (const seed of isLong ? [0, 3, 5] : [0, 3]) {
      assert.deepEqual(await tellNodes(seed), await tellNodes(seed), `seed ${seed}`);
    }
  });

  it('holds for each mix of faults, and all that can happen happens', async () => {
    const types = new Set<string>();
    for (const kinds of MIXES) {
      for (let seed = 0; seed < SEEDS_OF_MIX; seed += 1) {
        for (const type of (await tellNodes(seed, kinds)).types) types.add(type);
      }
    }
    assert.deepEqual(
      TURNS.filter((type) => !types.has(type)),
      [],
    );
  });

  it('holds for fixed seeds', async () => {
    for (const seed of FIXED) await tellNodes(seed);
  });

  it('holds for seeds of chance', async (context) => {
    const one = process.env['SKEIN_SEED'];
    const first = Number(one ?? randomInt(2 ** 31));
    const count = one === undefined ? Number(process.env['SKEIN_SEEDS'] ?? RANDOM_SEEDS) : 1;
    context.diagnostic(`${count} seeds from ${first} on`);
    for (let told = 0; told < count; told += 1) await tellNodes(first + told);
  });
});

describe('a node that goes on with an older copy of itself', () => {
  // What it had written since is void where others have it, and stands in the way of what it writes now.
  it('comes to the same as all others', { todo: 'it may be left behind for ever' }, async () => {
    for (let seed = 0; seed < 3; seed += 1) await tellNodes(seed, ['restore']);
  });
});
