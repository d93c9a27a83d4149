/** What becomes of heartbeats that no honest member sends: named, counted, and without effect. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { makeSigner, type Signer } from '#identity/signer.ts';
import { BeatReceiver, MAX_CLOCK_OFF_MS, type BeatReceiverOptions } from './beat-receiver.ts';
import { HEARTBEAT_CONTEXT, MAX_BEAT_BYTES, signBeat, type Heartbeat } from './heartbeat.ts';
import { TokenBucket } from './token-bucket.ts';

const SPACE = 'ab'.repeat(16);
const NOW = Date.UTC(2026, 10, 21);
const newSigner = (): Signer => makeSigner(generateKeyPairSync('ed25519').privateKey);
const [self, friend, stranger] = [newSigner(), newSigner(), newSigner()];

const beatOf = (signer: Signer, more: Partial<Heartbeat> = {}): Heartbeat => ({
  v: 1,
  node: signer.key,
  name: 'laptop',
  sentAt: new Date(NOW).toISOString(),
  epoch: 3,
  counter: 10,
  load: { cpu: 0.5, memoryUsed: 1, memoryTotal: 2 },
  agents: { anew: true, lines: [['coder', 'idle', 0, 0]], last: true, count: 1, sum: 7 },
  ...more,
});

const signed = (more: Partial<Heartbeat> = {}, signer = friend, space = SPACE): object =>
  signBeat(signer, space, beatOf(signer, more));

const receiver = (more: Partial<BeatReceiverOptions> = {}): BeatReceiver =>
  new BeatReceiver({
    space: SPACE,
    self: self.key,
    isMember: (node) => [self.key, friend.key].includes(node),
    now: () => NOW,
    monotonicMs: () => 0,
    ...more,
  });

/** Signs any text in the friend's name. */
const signText = (text: string, context = HEARTBEAT_CONTEXT): object => {
  const signature = friend.sign(Buffer.from(`${context}\n${SPACE}\n${text}`)).toString('base64');
  return { space: SPACE, node: friend.key, text, signature };
};

const late = (ms: number): Partial<Heartbeat> => ({ sentAt: new Date(NOW + ms).toISOString() });

describe('a heartbeat of a member', () => {
  it('is taken, with how far its clock is off', () => {
    const judge = receiver();
    const taken = judge.take(signed(late(1_500)));
    assert.equal(taken?.beat.node, friend.key);
    assert.equal(taken?.clockOffMs, 1_500);
    assert.deepEqual(judge.dropped(), {});
  });

  it('may say more than we understand', () => {
    const json = JSON.stringify({ ...beatOf(friend), mood: 'good' });
    assert.notEqual(receiver().take(signText(json)), undefined);
  });

  it('of our own is no news, and no fault', () => {
    const judge = receiver();
    assert.equal(judge.take(signed({}, self)), undefined);
    assert.deepEqual(judge.dropped(), {});
  });
});

/** What an adversary, or a broken node, may send; and why it is dropped. */
const BAD: Readonly<Record<string, readonly [reason: string, body: unknown]>> = {
  'no object': ['malformed', 'beat'],
  'no signature': ['malformed', { ...signed(), signature: undefined }],
  'an endless signature': ['malformed', { ...signed(), signature: 'a'.repeat(1_000_000) }],
  'too much of it': ['too-large', { ...signed(), text: 'x'.repeat(MAX_BEAT_BYTES + 1) }],
  'too many bytes of it': ['too-large', { ...signed(), text: 'ä'.repeat(MAX_BEAT_BYTES - 1) }],
  'another space': ['wrong-space', signed({}, friend, 'cd'.repeat(16))],
  'one of another space, relabelled': [
    'forged',
    { ...signed({}, friend, 'cd'.repeat(16)), space: SPACE },
  ],
  'a stranger': ['not-member', signed({}, stranger)],
  'a stranger in a friend’s name': ['forged', { ...signed({}, stranger), node: friend.key }],
  'one byte changed': [
    'forged',
    { ...signed(), text: JSON.stringify(beatOf(friend, { counter: 11 })) },
  ],
  'a signature for something else': [
    'forged',
    signText(JSON.stringify(beatOf(friend)), 'skein/hello/v1'),
  ],
  'no JSON': ['unreadable', signText('{')],
  'the name of somebody else inside': ['unreadable', signText(JSON.stringify(beatOf(stranger)))],
  'a load beyond all': ['unreadable', signed({ load: { cpu: 7, memoryUsed: 1, memoryTotal: 1 } })],
  'a state nobody has': [
    'unreadable',
    signText(JSON.stringify(beatOf(friend)).replace('"idle"', '"__proto__"')),
  ],
  'a time that is none': ['unreadable', signed({ sentAt: 'soon' })],
  'another version': ['unreadable', signText(JSON.stringify({ ...beatOf(friend), v: 2 }))],
  'the far future': ['clock-off', signed(late(MAX_CLOCK_OFF_MS + 1))],
  'the past': ['clock-off', signed(late(-MAX_CLOCK_OFF_MS - 1))],
};

describe('what is dropped', () => {
  for (const [what, [reason, body]] of Object.entries(BAD)) {
    it(`${what}: ${reason}`, () => {
      const judge = receiver();
      assert.equal(judge.take(body), undefined);
      assert.deepEqual(judge.dropped(), { [reason]: 1 });
    });
  }

  it('is taken where signatures are not checked: the check is what keeps forgers out', () => {
    const judge = receiver({ isSigned: () => true });
    const forged = { ...signed({}, stranger), node: friend.key };
    const text = JSON.stringify(beatOf(friend, { name: 'not me' }));
    assert.equal(judge.take({ ...forged, text })?.beat.name, 'not me');
  });

  it('is taken where everybody is a member, or any clock is right', () => {
    assert.notEqual(receiver({ isMember: () => true }).take(signed({}, stranger)), undefined);
    const old = signed(late(-MAX_CLOCK_OFF_MS - 1));
    assert.notEqual(receiver({ maxClockOffMs: Number.POSITIVE_INFINITY }).take(old), undefined);
  });

  it('is not what is just small enough', () => {
    const judge = receiver();
    judge.take({ ...signed(), text: 'x'.repeat(MAX_BEAT_BYTES) });
    assert.deepEqual(judge.dropped(), { forged: 1 });
  });

  it('is not a clock that a link has measured', () => {
    const offMs = 3_600_000;
    const judge = receiver({ clockOf: (node) => (node === friend.key ? offMs : undefined) });
    assert.equal(judge.take(signed(late(offMs)))?.clockOffMs, offMs);
    assert.equal(judge.take(signed({ counter: 11 })), undefined);
  });
});

describe('a replay', () => {
  it('is dropped: the same one, an older one, one of an earlier start', () => {
    const judge = receiver();
    const old = signed({ epoch: 2, counter: 99, ...late(-10) });
    assert.notEqual(judge.take(signed()), undefined);
    for (const body of [signed(), signed({ counter: 9 }), old]) {
      assert.equal(judge.take(body), undefined);
    }
    assert.deepEqual(judge.dropped(), { replayed: 3 });
    assert.notEqual(judge.take(signed({ counter: 11 })), undefined);
    assert.notEqual(judge.take(signed({ epoch: 4, counter: 1 })), undefined);
  });

  it('is taken by who has forgotten the counter: remembering it is the protection', () => {
    const judge = receiver();
    assert.notEqual(judge.take(signed()), undefined);
    judge.forget(friend.key);
    assert.notEqual(judge.take(signed()), undefined);
  });

  it('is not what a home sends that was restored from a backup', () => {
    const judge = receiver();
    judge.take(signed({ epoch: 9 }));
    assert.notEqual(judge.take(signed({ epoch: 2, counter: 1, ...late(5_000) })), undefined);
  });

  it('is kept out by its age alone after we started anew', () => {
    const yesterday = signed();
    const anew = receiver({ now: () => NOW + MAX_CLOCK_OFF_MS + 1 });
    assert.equal(anew.take(yesterday), undefined);
    assert.deepEqual(anew.dropped(), { 'clock-off': 1 });
  });
});

describe('a flood', () => {
  const limits = { perNode: { burst: 5, perSecond: 1 }, inAll: { burst: 100, perSecond: 10 } };
  const flood = (
    more: Partial<BeatReceiverOptions>,
  ): { judge: BeatReceiver; checks: () => number } => {
    let checks = 0;
    const isSigned = (): boolean => {
      checks += 1;
      return false;
    };
    const judge = receiver({ isSigned, ...more });
    for (let sent = 0; sent < 1_000; sent += 1) judge.take(signed());
    return { judge, checks: () => checks };
  };

  it('costs a bounded number of checked signatures', () => {
    const { judge, checks } = flood({ limits });
    assert.equal(checks(), 5);
    assert.deepEqual(judge.dropped(), { forged: 5, 'too-many': 995 });
  });

  it('costs one for each without the limit', () => {
    const none = { burst: Number.POSITIVE_INFINITY, perSecond: 1 };
    assert.equal(flood({ limits: { perNode: none, inAll: none } }).checks(), 1_000);
  });

  it('in one name leaves the others heard', () => {
    const judge = receiver({ isMember: () => true, limits });
    for (let sent = 0; sent < 50; sent += 1) judge.take(signed({ counter: 100 + sent }));
    assert.notEqual(judge.take(signed({}, stranger)), undefined);
  });
});

describe('a bucket', () => {
  it('holds no more than its burst, and fills with time', () => {
    const bucket = new TokenBucket({ burst: 2, perSecond: 1 }, 0);
    const takes = (atMs: number): boolean[] => [0, 1, 2].map(() => bucket.take(atMs));
    assert.deepEqual(takes(0), [true, true, false]);
    assert.deepEqual(takes(1_000), [true, false, false]);
    assert.deepEqual(takes(3_600_000), [true, true, false]);
  });
});
