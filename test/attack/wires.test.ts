/** What who sends over NATS, known or not, may make a node keep in memory. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { NATS_KIND, NatsWire } from '#sync/nats/nats-wire.ts';

const MAX_FRAME = 9 << 20;

function makeWire(): { readonly wire: NatsWire; readonly said: string[] } {
  const said: string[] = [];
  const wire = new NatsWire({ send: () => undefined, ended: () => undefined }, MAX_FRAME);
  void wire.wire.closed.then((reason) => said.push(reason));
  return { wire, said };
}

const message = (kind: number, bytes: number): Uint8Array => {
  const payload = new Uint8Array(1 + bytes);
  payload[0] = kind;
  return payload;
};

it('a frame can not come in crumbs that never end', async () => {
  const { wire, said } = makeWire();
  for (let part = 0; part < 10; part += 1) wire.take(message(NATS_KIND.part, 0));
  await Promise.resolve();
  assert.deepEqual(said, ['a frame comes in crumbs']);
  const honest = makeWire();
  const got: number[] = [];
  honest.wire.wire.receive((frame) => got.push(frame.length));
  honest.wire.take(message(NATS_KIND.part, 512 * 1024));
  honest.wire.take(message(NATS_KIND.last, 0));
  await Promise.resolve();
  assert.deepEqual([got, honest.said], [[512 * 1024], []]);
});

it('empty frames do not pile up without end while nobody reads', async () => {
  const { wire, said } = makeWire();
  for (let frame = 0; frame < 200_001; frame += 1) wire.take(message(NATS_KIND.last, 0));
  await Promise.resolve();
  assert.deepEqual(said, ['too many frames wait']);
});
