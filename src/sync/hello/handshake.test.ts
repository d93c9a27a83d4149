/** Handshakes: honest ones, and all the ways to prove what one is not. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { makeSigner } from '#identity/signer.ts';
import { testHello, type TestHello } from '../link/fixtures/test-hello.ts';
import type { Link } from '../link/link.ts';
import { makeWirePair, type Carry } from '../link/memory-wire.ts';
import type { Wire } from '../link/wire.ts';
import { answerGreeting, greet, type DialHello } from './handshake.ts';
import {
  helloBytes,
  makeOneTimeKey,
  makeOpenings,
  type Opening,
  type Openings,
} from './hello-messages.ts';
import { sealWire } from './sealed-wire.ts';

const soon: Carry = (_frame, arrive) => void setImmediate(arrive);

const settle = async (link: Promise<Link>): Promise<string> => {
  const error: unknown = await link.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return 'linked';
  const { name, details } = error as { name: string; details?: { reason?: string } };
  return details?.reason ?? name;
};

/** Both ends of one handshake, and how it ended for each. */
async function meet(near: TestHello, far: TestHello, dial: DialHello = {}): Promise<string[]> {
  const [one, other] = makeWirePair(soon, soon);
  const ends = [settle(greet(one, near, dial)), settle(answerGreeting(other, far))];
  const outcome = await Promise.all(ends);
  one.close('the test is over');
  return outcome;
}

/** The next frame of a wire. */
const nextOf = (wire: Wire): Promise<Uint8Array> =>
  new Promise((resolve) =>
    wire.receive((frame) => {
      wire.receive(undefined);
      resolve(frame);
    }),
  );

const asBytes = (value: object): Buffer => Buffer.from(JSON.stringify(value));

/** What a dialler that is written by hand may do otherwise. */
interface Crooked {
  readonly claims?: string;
  readonly versions?: readonly number[];
  readonly signs?: (openings: Openings, spaces: readonly string[]) => Buffer;
  readonly says?: object;
}

/** Dials by hand; answers what the acceptor said at last, or how the wire ended. */
async function dialByHand(wire: Wire, crooked: Crooked = {}): Promise<string> {
  const signer = makeSigner(generateKeyPairSync('ed25519').privateKey);
  const oneTime = makeOneTimeKey();
  const opening: Opening = {
    versions: crooked.versions ?? [1],
    key: crooked.claims ?? signer.key,
    nonce: '0f'.repeat(32),
    oneTimeKey: oneTime.key,
  };
  const ours = asBytes(opening);
  void wire.send(ours);
  const theirs = await Promise.race([nextOf(wire), wire.closed]);
  if (typeof theirs === 'string') return theirs;
  const openings = makeOpenings(ours, theirs);
  const transcript = Buffer.from(openings.transcript, 'hex');
  const shared = oneTime.agree(openings.acceptor.oneTimeKey);
  const sealed = sealWire(wire, { shared, transcript, isDialler: true }, () => undefined);
  await Promise.race([nextOf(sealed), wire.closed]);
  const spaces = ['shared'];
  const signed = (crooked.signs ?? ((...given) => helloBytes('dialler', ...given)))(
    openings,
    spaces,
  );
  const signature = signer.sign(signed).toString('hex');
  void sealed.send(asBytes({ signature, software: 'x', purpose: 'peer', spaces, ...crooked.says }));
  const answer = await Promise.race([nextOf(sealed), wire.closed]);
  return typeof answer === 'string' ? answer : Buffer.from(answer).toString();
}

/** How an acceptor ends with a dialler that is written by hand. */
async function tryByHand(crooked?: Crooked, far = testHello()): Promise<string> {
  const [one, other] = makeWirePair(soon, soon);
  const accepting = settle(answerGreeting(other, far));
  await dialByHand(one, crooked);
  const outcome = await accepting;
  one.close('the test is over');
  return outcome;
}

describe('a handshake', () => {
  it('links two nodes that share a space, and tells each what the other showed', async () => {
    const near = testHello({ software: '1.2.3', spacesFor: () => ['shared', 'mine'] });
    const far = testHello({ spacesFor: () => ['yours', 'shared'] });
    const [one, other] = makeWirePair(soon, soon);
    const [dialler, acceptor] = await Promise.all([
      greet(one, near, { expect: far.signer.key }),
      answerGreeting(other, far),
    ]);
    assert.deepEqual([dialler.peer, acceptor.peer], [far.signer.key, near.signer.key]);
    assert.equal(acceptor.greeting.software, '1.2.3');
    assert.deepEqual(acceptor.greeting.spaces, ['shared', 'mine']);
    assert.deepEqual(dialler.greeting.spaces, ['yours', 'shared']);
    assert.deepEqual([near.refusals, far.refusals], [[], []]);
    one.close('the test is over');
  });

  it('is left at once by who expects another key: nothing was told', async () => {
    let asked = 0;
    const near = testHello({
      spacesFor: () => {
        asked += 1;
        return [];
      },
    });
    const [ended] = await meet(near, testHello(), { expect: 'ab'.repeat(32) });
    assert.deepEqual([ended, asked, near.refusals], ['key-unexpected', 0, ['key-unexpected']]);
  });

  it('with the wrong people tells who asks for nothing there just as much as who may not see', async () => {
    const absent = testHello({ spacesFor: () => [] });
    const foreign = testHello({ spacesFor: () => ['secret'] });
    for (const far of [absent, foreign]) {
      assert.deepEqual(await meet(testHello(), far), ['nothing-shared', 'nothing-shared']);
      assert.deepEqual(far.refusals, ['nothing-shared']);
    }
    const near = testHello({ spacesFor: () => [] });
    assert.deepEqual(await meet(near, testHello()), ['nothing-shared', 'nothing-shared']);
  });

  it('lets a guest with an invitation in, who is shown no space', async () => {
    const [one, other] = makeWirePair(soon, soon);
    const [dialler, acceptor] = await Promise.all([
      greet(one, testHello(), { purpose: 'join' }),
      answerGreeting(other, testHello()),
    ]);
    assert.equal(acceptor.greeting.purpose, 'join');
    assert.deepEqual([dialler.greeting.spaces, acceptor.greeting.spaces], [[], []]);
    one.close('the test is over');
  });

  it('works when it is spoken by hand as it should be, which the next tests do not', async () => {
    assert.equal(await tryByHand(), 'linked');
  });

  it('that proves another key than it names is refused, whatever else it signed', async () => {
    const other = testHello().signer.key;
    assert.equal(await tryByHand({ claims: other }), 'proof-wrong');
    const crooked: Record<string, NonNullable<Crooked['signs']>> = {
      'another context': (...given) =>
        Buffer.from(
          helloBytes('dialler', ...given)
            .toString()
            .replace('skein/hello', 'skein/commit'),
        ),
      'the role of the other end': (...given) => helloBytes('acceptor', ...given),
      'other spaces': (openings) => helloBytes('dialler', openings, ['other']),
      'another connection': (openings, spaces) =>
        helloBytes('dialler', { ...openings, transcript: '00'.repeat(32) }, spaces),
    };
    for (const [name, signs] of Object.entries(crooked)) {
      const far = testHello();
      assert.equal(await tryByHand({ signs }, far), 'proof-wrong', name);
      assert.deepEqual(far.refusals, ['proof-wrong'], name);
    }
  });

  it('of an unknown version or form is refused', async () => {
    assert.equal(await tryByHand({ versions: [2, 3] }), 'version-unknown');
    assert.equal(await tryByHand({ versions: [2, 1] }), 'linked');
    assert.equal(await tryByHand({ says: { purpose: 'everything' } }), 'hello-invalid');
    assert.equal(
      await tryByHand({ says: { spaces: Array.from({ length: 1_001 }, String) } }),
      'hello-invalid',
    );
  });

  it('that is an echo of our own is refused', async () => {
    const near = testHello();
    const [one, mirror] = makeWirePair(soon, soon);
    mirror.receive((frame) => void mirror.send(frame));
    assert.equal(await settle(greet(one, near)), 'key-own');
    assert.deepEqual(near.refusals, ['key-own']);
  });

  it('that was recorded opens nothing, a second time', async () => {
    const far = testHello();
    const recorded: Uint8Array[] = [];
    const record: Carry = (frame, ...rest) => {
      recorded.push(frame);
      soon(frame, ...rest);
    };
    const [one, other] = makeWirePair(record, soon);
    const [link] = await Promise.all([greet(one, testHello()), answerGreeting(other, far)]);
    link.close('the test is over');
    const [thief, again] = makeWirePair(soon, soon);
    for (const frame of recorded) void thief.send(frame);
    assert.equal(await settle(answerGreeting(again, far)), 'node-unreachable');
    assert.deepEqual(far.refusals, ['seal-broken']);
  });

  it('through somebody in between fails at both ends', async () => {
    const [near, far] = [testHello(), testHello()];
    const [toNear, nearEnd] = makeWirePair(soon, soon);
    const [toFar, farEnd] = makeWirePair(soon, soon);
    // Passes the openings on with a one-time key of its own, so as to read what follows.
    const swap = (frame: Uint8Array): Buffer =>
      asBytes({
        ...(JSON.parse(Buffer.from(frame).toString()) as object),
        oneTimeKey: makeOneTimeKey().key,
      });
    toNear.receive((frame) => {
      void toFar.send(swap(frame));
      toNear.receive((rest) => void toFar.send(rest));
    });
    toFar.receive((frame) => {
      void toNear.send(swap(frame));
      toFar.receive((rest) => void toNear.send(rest));
    });
    void nearEnd.closed.then(() => farEnd.close('the test is over'));
    const ends = [settle(greet(nearEnd, near)), settle(answerGreeting(farEnd, far))];
    assert.deepEqual(await Promise.all(ends), ['node-unreachable', 'node-unreachable']);
    assert.deepEqual(near.refusals, ['seal-broken']);
  });

  it('that does not come in time is given up', async () => {
    const far = testHello({ helloMs: 20 });
    const [, other] = makeWirePair(soon, soon);
    assert.equal(await settle(answerGreeting(other, far)), 'hello-late');
    assert.deepEqual(far.refusals, ['hello-late']);
  });
});

describe('a link after the handshake', () => {
  const tampering: Record<string, (frames: Uint8Array[]) => Uint8Array[]> = {
    doubled: ([first, ...rest]) => [first, first, ...rest] as Uint8Array[],
    'left out': ([, ...rest]) => rest,
    exchanged: ([first, second, ...rest]) => [second, first, ...rest] as Uint8Array[],
    changed: ([first, ...rest]) => {
      const bad = Uint8Array.from(first as Uint8Array);
      bad[0] = (bad[0] as number) ^ 1;
      return [bad, ...rest];
    },
  };
  const tell = async (tamper: (frames: Uint8Array[]) => Uint8Array[]): Promise<string> => {
    const far = testHello();
    let held: { frame: Uint8Array; arrive: () => void }[] | undefined;
    const [one, other] = makeWirePair((frame, arrive, lost) => {
      if (held === undefined) soon(frame, arrive, lost);
      else held.push({ frame, arrive });
    }, soon);
    const [near, acceptor] = await Promise.all([
      greet(one, testHello()),
      answerGreeting(other, far),
    ]);
    const heard: unknown[] = [];
    acceptor.serve((_method, { params }) => {
      heard.push(params);
      return { params: null };
    });
    held = [];
    for (const note of ['a', 'b', 'c']) near.tell('note', note);
    const sent = held.map(({ frame }) => frame);
    held = undefined;
    // Whoever sits on the way has the frames, but not the keys.
    for (const frame of tamper(sent)) void one.send(frame);
    const over = new Promise<string>((resolve) =>
      setImmediate(() => setImmediate(() => resolve('open'))),
    );
    const ended = await Promise.race([acceptor.closed, over]);
    one.close('the test is over');
    return ended === 'open' ? `heard ${heard.join('')}` : (far.refusals[0] ?? ended);
  };

  it('passes frames as they were sent', async () => {
    assert.equal(await tell((frames) => frames), 'heard abc');
  });

  for (const [name, tamper] of Object.entries(tampering)) {
    it(`ends when a frame is ${name}`, async () => {
      assert.equal(await tell(tamper), 'seal-broken');
    });
  }
});
