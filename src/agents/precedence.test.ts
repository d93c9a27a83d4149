/** Who wins: safety over swarm over mission, in every combination. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LAYERS, type Layer } from '#protocol/events/agent.ts';
import { settle, type Opinion } from './precedence.ts';

const opinion = (layer: Layer, wants: boolean, from: string = layer): Opinion => {
  return { layer, from, wants, why: `${from} says so` };
};

/** All ways in which three layers can think of an action: for it, against it, or nothing. */
const COMBINATIONS = LAYERS.reduce<readonly (readonly Opinion[])[]>(
  (all, layer) =>
    all.flatMap((others) => [
      others,
      [...others, opinion(layer, true)],
      [...others, opinion(layer, false)],
    ]),
  [[]],
);

const rank = (layer: Layer): number => ['safety', 'swarm', 'mission'].indexOf(layer);

describe('settle', () => {
  it('carries an action out when nobody objects, and only then', () => {
    assert.equal(COMBINATIONS.length, 27);
    for (const opinions of COMBINATIONS) {
      const { carriedOut } = settle(opinions);
      assert.equal(
        carriedOut,
        opinions.every(({ wants }) => wants),
        JSON.stringify(opinions),
      );
    }
  });

  it('names the highest layer that objects, and every lower one that wanted it', () => {
    for (const opinions of COMBINATIONS) {
      const objecting = opinions.filter(({ wants }) => !wants);
      const highest = objecting.toSorted((a, b) => rank(a.layer) - rank(b.layer))[0];
      const { stoppedBy, overrides } = settle(opinions);
      assert.equal(stoppedBy, highest);
      const lower = opinions.filter(
        ({ layer, wants }) => wants && highest !== undefined && rank(layer) > rank(highest.layer),
      );
      assert.deepEqual(
        overrides,
        lower.map(({ layer: over, from: whom }) => ({
          layer: highest?.layer,
          by: highest?.from,
          over,
          whom,
          why: highest?.why,
        })),
      );
    }
  });

  it('does not depend on the order in which the opinions are given', () => {
    for (const opinions of COMBINATIONS) {
      const { carriedOut, stoppedBy } = settle(opinions);
      const turned = settle(opinions.toReversed());
      assert.equal(turned.carriedOut, carriedOut);
      assert.equal(turned.stoppedBy?.from, stoppedBy?.from);
    }
  });

  it('overrides nobody when the layers are turned round: what stops is not above what wants', () => {
    const upright = settle([
      opinion('safety', false),
      opinion('swarm', true),
      opinion('mission', true),
    ]);
    assert.equal(upright.overrides.length, 2);
    const turned = settle([
      opinion('mission', false),
      opinion('swarm', true),
      opinion('safety', true),
    ]);
    assert.deepEqual(turned.overrides, []);
  });

  it('overrides each of several peers, but none of the same layer', () => {
    const peers = [
      opinion('swarm', true, 'agent:coder-1'),
      opinion('swarm', true, 'agent:coder-2'),
    ];
    const { overrides } = settle([...peers, opinion('safety', false)]);
    assert.deepEqual(
      overrides.map(({ whom }) => whom),
      ['agent:coder-1', 'agent:coder-2'],
    );
    assert.deepEqual(settle([...peers, opinion('swarm', false, 'agent:coder-3')]).overrides, []);
  });
});
