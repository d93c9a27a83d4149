/** A wire over NATS keeps frames whole, holds who sends back, and ends with who breaks its rules. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Wire } from '../link/wire.ts';
import { NATS_KIND, NatsWire } from './nats-wire.ts';

const MAX_FRAME = 9 << 20;

function pair(): { one: Wire; other: Wire; far: NatsWire; carried: () => number } {
  let bytes = 0;
  const queue: (() => void)[] = [];
  const carrier = (to: () => NatsWire) => ({
    send: (payload: Uint8Array) => {
      bytes += payload.length;
      queue.push(() => to().take(payload));
      if (queue.length > 1) return;
      for (let next = queue[0]; next !== undefined; next = queue[0]) {
        next();
        queue.shift();
      }
    },
    ended: () => undefined,
  });
  const one: NatsWire = new NatsWire(
    carrier(() => other),
    MAX_FRAME,
  );
  const other: NatsWire = new NatsWire(
    carrier(() => one),
    MAX_FRAME,
  );
  return { one: one.wire, other: other.wire, far: other, carried: () => bytes };
}

it('frames of every length arrive whole and in order', () => {
  const { one, other } = pair();
  const got: number[] = [];
  other.receive((frame) => got.push(frame.length));
  const lengths = [0, 1, 512 * 1024 - 1, 512 * 1024, 512 * 1024 + 1, 8 << 20, 3];
  for (const length of lengths) void one.send(new Uint8Array(length));
  assert.deepEqual(got, lengths);
});

it('nothing more is sent while the other end does not read', () => {
  const { one, other, carried } = pair();
  other.pause(true);
  for (let frame = 0; frame < 100; frame += 1) void one.send(new Uint8Array(256 * 1024));
  assert.ok(carried() <= 5 << 20, `${carried()} bytes`);
  assert.ok(one.buffered() >= 18 << 20);
  let got = 0;
  other.receive(() => (got += 1));
  other.pause(false);
  assert.equal(got, 100);
  assert.equal(one.buffered(), 0);
});

it('who sends more than was asked for, or what makes no sense, is left', async () => {
  const flood = pair();
  flood.other.pause(true);
  const payload = new Uint8Array(512 * 1024);
  payload[0] = NATS_KIND.part;
  for (let part = 0; part < 20; part += 1) flood.far.take(payload);
  assert.match(await flood.other.closed, /more was sent/);
  const sense = pair();
  sense.far.take(Buffer.from([99]));
  assert.match(await sense.other.closed, /no sense/);
});
