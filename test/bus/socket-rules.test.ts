/** What a peer at the other end of a socket may not do, and what its end does to others. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { counted, listen, makeMessage, refuses, until } from '#bus/conformance/stage.ts';
import { socketLink } from '#bus/socket/frame-link.ts';
import type { ServeOptions } from '#bus/socket/serve-bus.ts';
import { decodeFrame, encodeFrame, MAX_FRAME_BYTES } from '#bus/wire-frame.ts';
import { MAX_BODY_BYTES } from '#bus/wire-message.ts';
import { topicSubject } from '#protocol/subjects.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { openSocket, unixWire, webWire, type OpenedSocket } from './open-socket.ts';

const LIMIT = { limitMs: 60_000 };
const [OURS, THEIRS] = [topicSubject('ours', 'a'), topicSubject('theirs', 'a')];

async function open(
  context: TestContext,
  options: Partial<ServeOptions> = {},
): Promise<OpenedSocket> {
  const opened = await openSocket(unixWire(), options);
  context.after(() => opened.close());
  return opened;
}

/** Two ends of a TCP connection, the first of them raw. */
async function rawPair(context: TestContext): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  context.after(() => {
    for (const each of [client, accepted]) each.destroy();
    server.close();
  });
  return [client, accepted];
}

const frameOf = (text: string): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(Buffer.byteLength(text));
  return Buffer.concat([head, Buffer.from(text)]);
};

function noiseOf(random: SeededRandom): string {
  return String.fromCharCode(...counted(40).map(() => random.below(256)));
}

describe('a peer', () => {
  it('sends and listens only where it may', async (context) => {
    const { bus, memory, reported } = await open(context, {
      allow: (subject) => subject.startsWith('skein.ours.'),
    });
    const heard = listen(memory.bus, THEIRS);
    await refuses(() => bus.publish(makeMessage(THEIRS, 1)), 'subject-forbidden');
    await refuses(() => bus.request(makeMessage(THEIRS, 1), 1_000), 'subject-forbidden');
    const [spy, member] = [listen(bus, THEIRS), listen(bus, OURS)];
    await until(LIMIT, 'the refusal', () => reported().length === 1);
    assert.equal(reported()[0]?.name, 'subject-forbidden');
    await memory.bus.publish(makeMessage(THEIRS, 'secret'));
    await memory.bus.publish(makeMessage(OURS, 'hello'));
    await until(LIMIT, 'what it may hear', () => member.bodies.length === 1);
    assert.deepEqual([spy.bodies, heard.bodies, member.bodies], [[], ['secret'], ['hello']]);
  });

  it('would hear all, were nothing refused', async (context) => {
    const { bus, memory } = await open(context);
    const spy = listen(bus, THEIRS);
    await bus.publish(makeMessage(OURS, 'so that it is known'));
    await memory.bus.publish(makeMessage(THEIRS, 'secret'));
    await until(LIMIT, 'the secret', () => spy.bodies.length === 1);
  });

  it('speaks in its own name, whatever it claims', async (context) => {
    const speaker = (claimed: string): string | undefined =>
      claimed === 'agent:boss' ? undefined : 'agent:peer';
    const { bus, memory } = await open(context, { speaker });
    const names: string[] = [];
    memory.bus.subscribe(OURS, ({ from }) => void names.push(from));
    await bus.publish(makeMessage(OURS, 1, 'agent:other'));
    await refuses(() => bus.publish(makeMessage(OURS, 1, 'agent:boss')), 'subject-forbidden');
    assert.deepEqual(names, ['agent:peer']);
  });

  it('would speak as anybody, were it believed', async (context) => {
    const { bus, memory } = await open(context);
    const names: string[] = [];
    memory.bus.subscribe(OURS, ({ from }) => void names.push(from));
    await bus.publish(makeMessage(OURS, 1, 'agent:boss'));
    assert.deepEqual(names, ['agent:boss']);
  });

  it('that goes leaves nothing behind, and who asked it learns so', async (context) => {
    const { bus, connect: another, memory } = await open(context);
    const peer = await another();
    const at = listen(bus, OURS);
    peer.subscribe(THEIRS, () => new Promise(() => undefined));
    await peer.publish(makeMessage(OURS, 1));
    const asked = refuses(() => memory.bus.request(makeMessage(THEIRS, 1), 60_000), 'no-responder');
    await peer.close();
    await asked;
    await refuses(() => memory.bus.request(makeMessage(THEIRS, 1), 60_000), 'no-responder');
    await bus.publish(makeMessage(OURS, 2));
    await until(LIMIT, 'both messages', () => at.bodies.length === 2);
  });

  it('whose connection breaks learns that what it sent is uncertain', async (context) => {
    const { bus, served, memory } = await open(context);
    memory.bus.subscribe(OURS, () => new Promise(() => undefined));
    const asked = refuses(() => bus.request(makeMessage(OURS, 1), 60_000), 'bus-disconnected');
    await until(LIMIT, 'the peer is served', () => served.length === 1);
    await bus.publish(makeMessage(THEIRS, 1));
    served[0]?.close();
    await asked;
    await bus.ended;
    await refuses(() => bus.publish(makeMessage(OURS, 1)), 'bus-closed');
  });

  it('that is frozen costs one message and its queue, and slows nobody', async (context) => {
    const { bus, dial, memory, served } = await open(context);
    const quick = listen(bus, OURS);
    await bus.publish(makeMessage(THEIRS, 'so that it is known'));
    const frozen = await dial();
    const kinds: unknown[] = [];
    frozen.listen({
      frame: (bytes) => void kinds.push(decodeFrame(bytes).header['kind']),
      end: () => void kinds.push('cut off'),
    });
    frozen.send(encodeFrame({ type: 'subscribe', number: 1, subject: OURS, maxWaiting: 10 }));
    frozen.send(encodeFrame({ type: 'count', number: 1 }));
    await until(LIMIT, 'that it listens', () => kinds.includes('counts'));
    const before = kinds.length;
    for (const body of counted(500)) await memory.bus.publish(makeMessage(OURS, body));
    await until(LIMIT, 'all at the other', () => quick.bodies.length === 500);
    frozen.send(encodeFrame({ type: 'count', number: 1 }));
    await until(LIMIT, 'its last word', () => kinds.length > before + 1);
    assert.equal(kinds.filter((kind) => kind === 'message').length, 1);
    assert.deepEqual([served.length, kinds.includes('cut off')], [2, false]);
  });
});

describe('a frame', () => {
  it('whose declared length is too long is refused before it is there', async (context) => {
    const [raw, accepted] = await rawPair(context);
    const ended = new Promise<Error | undefined>((resolve) =>
      socketLink(accepted).listen({ frame: () => assert.fail('a frame'), end: resolve }),
    );
    raw.on('error', () => undefined);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(MAX_FRAME_BYTES + 1);
    raw.write(head);
    assert.equal((await ended)?.name, 'payload-too-large');
  });

  it('of the longest length is taken, however it is cut on its way', async (context) => {
    const random = seededFor(context);
    const [raw, accepted] = await rawPair(context);
    const sizes = [MAX_FRAME_BYTES, 0, 1, ...counted(200).map(() => random.below(3_000))];
    const got: number[] = [];
    socketLink(accepted).listen({
      frame: ({ length }) => void got.push(length),
      end: () => undefined,
    });
    const all = Buffer.concat(sizes.map((size) => frameOf('x'.repeat(size))));
    for (let at = 0; at < all.length;) {
      const size = 1 + random.below(random.pick([3, 100, 70_000]));
      raw.write(all.subarray(at, at + size));
      at += size;
      if (random.below(4) === 0) await new Promise(setImmediate);
    }
    await until(LIMIT, 'all frames', () => got.length === sizes.length);
    assert.deepEqual(got, sizes);
  });

  it('that is too long for a WebSocket ends that peer alone', async (context) => {
    const opened = await openSocket(webWire());
    context.after(() => opened.close());
    const rude = await opened.dial();
    rude.listen({ frame: () => undefined, end: () => undefined });
    await until(LIMIT, 'both peers', () => opened.served.length === 2);
    rude.send('x'.repeat(MAX_FRAME_BYTES + 1));
    assert.match(String(await opened.served[1]?.ended), /payload|size/i);
    await opened.bus.publish(makeMessage(OURS, 1));
  });

  it('that makes no sense ends its peer, and no other', async (context) => {
    const random = seededFor(context);
    const { bus, dial, served } = await open(context);
    const noise = [
      '',
      'null\n',
      '[]\n',
      '{}\n',
      '{"type":"no","number":1}\n',
      '{"type":"publish"}\n1',
      '{"type":"publish","number":"1"}\n1',
      ...counted(30).map(() => noiseOf(random)),
    ];
    for (const [index, text] of noise.entries()) {
      const rude = await dial();
      rude.listen({ frame: () => undefined, end: () => undefined });
      rude.send(text);
      await until(LIMIT, 'the peer', () => served.length === index + 2);
      assert.ok((await served[index + 1]?.ended) instanceof Error, JSON.stringify(text));
    }
    await bus.publish(makeMessage(OURS, 1));
  });

  it('that is well formed but wrong is refused alone', async (context) => {
    const { dial, memory } = await open(context);
    const heard = listen(memory.bus, OURS);
    const link = await dial();
    const answers: string[] = [];
    link.listen({
      frame: (bytes) => void answers.push(Buffer.from(bytes).toString()),
      end: () => undefined,
    });
    const good = { type: 'publish', id: 'i', subject: OURS, from: 'agent:a', sentAt: 'now' };
    const wrong: [object, string][] = [
      [{ ...good, subject: 'skein.>' }, '1'],
      [{ ...good, from: 7 }, '1'],
      [{ ...good, id: '' }, '1'],
      [good, '{'],
      [good, ''],
      [good, JSON.stringify('x'.repeat(MAX_BODY_BYTES))],
    ];
    for (const [number, [header, json]] of wrong.entries())
      link.send(encodeFrame({ ...header, number }, json));
    link.send(encodeFrame({ ...good, number: wrong.length }, '"right"'));
    await until(LIMIT, 'an answer to each', () => answers.length === wrong.length + 1);
    const refused = answers.filter((answer) => answer.includes('"type":"error"'));
    assert.equal(refused.length, wrong.length, answers.join('\n'));
    assert.deepEqual(heard.bodies, ['right']);
  });

  it('that is never read makes who owes it cut the peer off', async (context) => {
    const { bus, memory, served } = await open(context);
    const [raw, accepted] = await rawPair(context);
    raw.pause();
    memory.bus.subscribe(OURS, () => 'x'.repeat(MAX_BODY_BYTES - 2), { maxWaiting: 1_000 });
    const { serveBus } = await import('#bus/socket/serve-bus.ts');
    const rules = { allow: () => true, speaker: () => 'agent:peer', soon: setImmediate };
    const peer = serveBus(socketLink(accepted), { ...rules, bus: memory.bus });
    const ask = { type: 'request', timeoutMs: 60_000, id: 'i', subject: OURS };
    for (const number of counted(300))
      raw.write(frameOf(encodeFrame({ ...ask, number, from: 'a', sentAt: 'now' }, '1')));
    assert.equal(((await peer.ended) as Error).name, 'subscriber-too-slow');
    await bus.publish(makeMessage(THEIRS, 1));
    assert.equal(served.length, 1);
  });
});
