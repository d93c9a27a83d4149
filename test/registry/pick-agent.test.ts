/** Who gets the work of a group: who is there, who has least to do, and in turn. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PRESENCES, type Presence } from '#protocol/events/node.ts';
import { inTurn, pickAgent, type CandidateLoad } from '#registry/pick-agent.ts';
import { seededFor } from '../support/seeded-random.ts';

const load = (presence: Presence, waiting = 0, inFlight = 0): CandidateLoad => ({
  presence,
  waiting,
  inFlight,
});

const among =
  (loads: Readonly<Record<string, CandidateLoad>>) =>
  (turn = 0): string | undefined =>
    pickAgent(Object.keys(loads), (id) => loads[id], turn);

describe('pickAgent', () => {
  it('has nobody to pick when there is nobody', () => {
    assert.equal(
      pickAgent([], () => undefined, 3),
      undefined,
    );
  });

  it('takes the least loaded of those alive, whatever the others have to do', () => {
    const pick = among({
      a: load('alive', 5, 1),
      b: load('alive', 0, 3),
      c: load('late'),
      d: load('draining'),
      e: load('lost'),
    });
    assert.equal(pick(), 'b');
  });

  it('falls back on late, then draining, then lost, then unknown', () => {
    assert.equal(among({ c: load('late', 9), d: load('draining'), e: load('lost') })(), 'c');
    assert.equal(among({ d: load('draining', 9), e: load('lost') })(), 'd');
    assert.equal(among({ e: load('lost', 9) })(), 'e');
    assert.equal(
      pickAgent(['x'], () => undefined, 0),
      'x',
    );
  });

  it('goes through equals in turn, in the order of ids', () => {
    const pick = among({ b: load('alive'), a: load('alive'), c: load('alive'), d: load('late') });
    assert.deepEqual([0, 1, 2, 3, 4].map(pick), ['a', 'b', 'c', 'a', 'b']);
    assert.equal(pick(-1), 'c');
  });

  it('answers the same whatever the order of candidates, and never a worse one', (context) => {
    const random = seededFor(context);
    for (let round = 0; round < 500; round += 1) {
      const ids = Array.from({ length: 1 + random.below(8) }, (_, index) => `agent-${index}`);
      const loads = new Map(
        ids.map((id) => [id, load(random.pick(PRESENCES), random.below(3), random.below(3))]),
      );
      const turn = random.below(100);
      const picked = pickAgent(ids, (id) => loads.get(id), turn);
      const again = pickAgent(random.shuffle([...ids, ...ids]), (id) => loads.get(id), turn);
      assert.equal(again, picked);
      const mine = loads.get(picked ?? '') as CandidateLoad;
      const isBetter = ({ presence, waiting, inFlight }: CandidateLoad): boolean =>
        (presence === 'alive' && mine.presence !== 'alive') ||
        (presence === mine.presence && waiting + inFlight < mine.waiting + mine.inFlight);
      assert.ok(![...loads.values()].some(isBetter));
    }
  });
});

describe('inTurn', () => {
  it('names those who come next, each once, and no more than wanted', () => {
    const candidates = [
      { id: 'b', ...load('alive') },
      { id: 'a', ...load('alive') },
      { id: 'busy', ...load('alive', 4) },
      { id: 'late', ...load('late') },
      { id: 'a', ...load('alive') },
    ];
    assert.deepEqual(inTurn(candidates, 0, 9), ['a', 'b', 'busy', 'late']);
    assert.deepEqual(inTurn(candidates, 1, 3), ['b', 'a', 'busy']);
    assert.deepEqual(inTurn(candidates, 7, 1), ['b']);
    assert.deepEqual(inTurn([], 7, 3), []);
  });
});
