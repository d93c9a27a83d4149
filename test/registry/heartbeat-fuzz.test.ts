/** Heartbeats that chance has damaged: none is taken, and none does anything but be counted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BeatReceiver } from '#registry/heartbeat/beat-receiver.ts';
import { signBeat, type SignedBeat } from '#registry/heartbeat/heartbeat.ts';
import { tellChanges, ToldAgents, toParts } from '#registry/heartbeat/told-agents.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { newSigner, SPACE } from '../support/test-ledger.ts';

const NOW = Date.UTC(2026, 10, 21);
const UNLIMITED = { burst: Number.POSITIVE_INFINITY, perSecond: 1 };
const friend = newSigner();

function makeBeat(): SignedBeat {
  const told = new ToldAgents();
  const idle = { state: 'idle', waiting: 1, inFlight: 0 } as const;
  const lines = tellChanges(told, [
    { name: 'coder', ...idle },
    { name: 'critic', ...idle },
  ]);
  const [agents] = toParts(told, lines, true);
  assert.ok(agents !== undefined);
  return signBeat(friend, SPACE, {
    v: 1,
    node: friend.key,
    name: 'laptop',
    sentAt: new Date(NOW).toISOString(),
    epoch: 1,
    counter: 1,
    agents,
  });
}

const makeReceiver = (): BeatReceiver =>
  new BeatReceiver({
    space: SPACE,
    self: '',
    isMember: () => true,
    now: () => NOW,
    monotonicMs: () => 0,
    limits: { perNode: UNLIMITED, inAll: UNLIMITED },
  });

/** Values that are nearly right, or nothing like it. */
const ODD: readonly unknown[] = [
  null,
  0,
  -1,
  1e308,
  '',
  'x',
  [],
  {},
  [[]],
  true,
  '\u0000',
  '__proto__',
];

/** The same with one character changed, one field replaced, cut short, or grown. */
function damage(random: SeededRandom, beat: SignedBeat): unknown {
  const field = random.pick(['space', 'node', 'text', 'signature'] as const);
  const value = beat[field];
  const at = random.below(value.length);
  switch (random.below(5)) {
    case 0:
      return { ...beat, [field]: random.pick(ODD) };
    case 1:
      return { ...beat, [field]: value.slice(0, at) };
    case 2:
      return {
        ...beat,
        [field]: value.slice(0, at) + value.slice(0, 1 + random.below(9)) + value.slice(at),
      };
    case 3:
      return random.pick(ODD);
    default: {
      const letter = String.fromCharCode(value.charCodeAt(at) ^ (1 << random.below(7)));
      return { ...beat, [field]: value.slice(0, at) + letter + value.slice(at + 1) };
    }
  }
}

/** Base64 has spellings of the same bytes; such a signature is no other one. */
const bytesOf = (body: unknown): string => {
  const { space, node, text, signature } = (body ?? {}) as Partial<SignedBeat>;
  return JSON.stringify([
    space,
    node,
    text,
    Buffer.from(String(signature), 'base64').toString('hex'),
  ]);
};

describe('a damaged heartbeat', () => {
  it('is never taken, and throws nothing', (context) => {
    const random = seededFor(context);
    const beat = makeBeat();
    const judge = makeReceiver();
    let tried = 0;
    for (let round = 0; round < 3_000; round += 1) {
      const body = damage(random, beat);
      if (bytesOf(body) === bytesOf(beat)) continue;
      tried += 1;
      assert.equal(judge.take(body), undefined, JSON.stringify(body));
    }
    const dropped = Object.values(judge.dropped()).reduce((sum, count) => sum + count, 0);
    assert.ok(tried > 2_000);
    assert.equal(dropped, tried);
    assert.notEqual(judge.take(beat), undefined, 'and the whole one still is');
  });
});
