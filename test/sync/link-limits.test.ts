/** What a peer may do to a link before anything of it is believed: noise, floods, silence. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeFrame, encodeFrame } from '#sync/link/frame.ts';
import type { Greeting, Link, LinkLimits } from '#sync/link/link.ts';
import { makeWirePair, type Carry } from '#sync/link/memory-wire.ts';
import { makeLink } from '#sync/link/peer-link.ts';
import type { Wire } from '#sync/link/wire.ts';
import type { Refusal } from '#sync/refusal.ts';
import { seededFor } from '../support/seeded-random.ts';
import { VirtualTime } from './virtual-time.ts';

const LIMITS = { frameBytes: 10_000, paramsBytes: 1_000 };

const greeting: Greeting = {
  software: 'x',
  purpose: 'peer',
  spaces: [],
  binding: '',
  dialled: true,
};

interface Stage {
  readonly time: VirtualTime;
  /** The bare other end. */
  readonly wire: Wire;
  readonly link: Link;
  readonly refusals: Refusal[];
}

function makeStage(limits: Partial<LinkLimits> = {}): Stage {
  const time = new VirtualTime(0);
  const carry: Carry = (_frame, arrive) => void time.after(1, arrive);
  const [wire, own] = makeWirePair(carry, carry);
  const refusals: Refusal[] = [];
  const refused = (reason: Refusal): void => void refusals.push(reason);
  const link = makeLink({
    peer: 'ab'.repeat(32),
    greeting,
    wire: own,
    timers: time,
    limits,
    refused,
  });
  return { time, wire, link, refusals };
}

describe('a frame', () => {
  it('of chance is refused, or read, and fails in no other way', (context) => {
    const random = seededFor(context);
    let read = 0;
    for (let round = 0; round < 20_000; round += 1) {
      const good = encodeFrame('call', round, { json: { method: 'x', params: [round] } }, LIMITS);
      const bytes = random.below(2) === 0 ? Buffer.alloc(random.below(60)) : good;
      if (bytes === good) bytes[random.below(bytes.length)] = random.below(256);
      else random.fill(bytes);
      try {
        decodeFrame(bytes, LIMITS);
        read += 1;
      } catch (error) {
        assert.equal((error as Error).name, 'peer-refused', String(error));
      }
    }
    assert.ok(read > 0);
  });

  it('over a limit is refused before it is parsed', () => {
    const large = { frameBytes: 1e6, paramsBytes: 1e6 };
    const wide = encodeFrame('tell', 0, { json: 'x'.repeat(2_000) }, large);
    assert.throws(() => decodeFrame(wide, LIMITS), { details: { reason: 'frame-oversize' } });
    const long = encodeFrame('tell', 0, { body: Buffer.alloc(20_000) }, large);
    assert.throws(() => decodeFrame(long, LIMITS), { details: { reason: 'frame-oversize' } });
    const lying = Buffer.alloc(9);
    lying.writeUInt32BE(900, 5);
    assert.throws(() => decodeFrame(lying, LIMITS), { details: { reason: 'frame-invalid' } });
  });
});

describe('a link', () => {
  it('ends at the first frame that makes no sense, and says why', async () => {
    const { time, wire, link, refusals } = makeStage();
    void wire.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await time.pass(10);
    assert.match(await link.closed, /Cannot read a frame/);
    assert.deepEqual(refusals, ['frame-invalid']);
  });

  it('reads no more than so many frames in a second, and loses none', async () => {
    const { time, wire, link } = makeStage({ framesPerSecond: 100, served: 10_000 });
    let heard = 0;
    link.serve(() => {
      heard += 1;
      return { params: null };
    });
    const tell = encodeFrame('tell', 0, { json: { method: 'x', params: null } }, LIMITS);
    for (let frame = 0; frame < 1_000; frame += 1) void wire.send(tell);
    await time.pass(500);
    assert.ok(heard >= 100 && heard <= 160, `${heard} in the first half second`);
    await time.pass(3_000);
    assert.ok(heard <= 460, `${heard} after 3.5 s`);
    await time.pass(10_000);
    assert.equal(heard, 1_000);
  });

  it('reads all of it at once without that limit (the twin)', async () => {
    const { time, wire, link } = makeStage({ framesPerSecond: 1e9, served: 10_000 });
    let heard = 0;
    link.serve(() => {
      heard += 1;
      return { params: null };
    });
    const tell = encodeFrame('tell', 0, { json: { method: 'x', params: null } }, LIMITS);
    for (let frame = 0; frame < 1_000; frame += 1) void wire.send(tell);
    await time.pass(500);
    assert.equal(heard, 1_000);
  });

  it('counts bytes in the same way', async () => {
    const { time, wire, link } = makeStage({ bytesPerSecond: 10_000 });
    let heard = 0;
    link.serve(() => {
      heard += 1;
      return { params: null };
    });
    const json = { method: 'x', params: null };
    const tell = encodeFrame('tell', 0, { json, body: Buffer.alloc(4_950) }, LIMITS);
    for (let frame = 0; frame < 20; frame += 1) void wire.send(tell);
    await time.pass(2_000);
    assert.ok(heard >= 4 && heard <= 7, `${heard} in two seconds`);
    await time.pass(10_000);
    assert.equal(heard, 20);
  });

  it('on which nothing is heard is given up, and one that answers pings is not', async () => {
    const silent = makeStage();
    let ended = '';
    void silent.link.closed.then((reason) => (ended = reason));
    await silent.time.pass(19_000);
    assert.equal(ended, '');
    await silent.time.pass(7_000);
    assert.match(ended, /nothing was heard/);
    const alive = makeStage();
    const other = makeLink({
      peer: 'cd'.repeat(32),
      greeting,
      wire: alive.wire,
      timers: alive.time,
    });
    let gone = false;
    void other.closed.then(() => (gone = true));
    await alive.time.pass(120_000);
    assert.equal(gone, false);
    assert.equal(alive.link.clock()?.rttMs, 2);
    alive.link.close('the test is over');
  });
});
