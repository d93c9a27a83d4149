/** Events come in their order, and small pieces of output as few events. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SandboxEvent } from '#sandbox/sandbox.ts';
import { EventStream } from './event-stream.ts';

const print = (type: 'stdout' | 'stderr', text: string): SandboxEvent => ({
  type,
  chunk: Buffer.from(text),
});

async function readAll(stream: EventStream): Promise<readonly string[]> {
  const told: string[] = [];
  for await (const event of stream) {
    told.push('chunk' in event ? `${event.type} ${String(event.chunk)}` : event.type);
  }
  return told;
}

describe('a stream of events', () => {
  it('joins what one stream printed while nobody took it, and keeps the order of all', async () => {
    const stream = new EventStream();
    const reading = readAll(stream);
    for (const text of ['a', 'b', 'c']) stream.emit(print('stdout', text));
    stream.emit(print('stderr', 'd'));
    stream.emit({ type: 'limit-hit', limit: 'wallMs' });
    stream.emit(print('stdout', 'e'));
    stream.close();
    assert.deepEqual(await reading, ['stdout abc', 'stderr d', 'limit-hit', 'stdout e']);
  });

  it('joins to no more than a bounded piece', async () => {
    const stream = new EventStream();
    const events: number[] = [];
    const reading = (async () => {
      for await (const event of stream) events.push('chunk' in event ? event.chunk.length : -1);
    })();
    for (let index = 0; index < 200_000; index += 1) stream.emit(print('stdout', 'x'));
    stream.close();
    await reading;
    assert.equal(
      events.reduce((sum, bytes) => sum + bytes, 0),
      200_000,
    );
    assert.ok(events.length < 10, `${events.length} events`);
    assert.ok(Math.max(...events) <= 64 * 1024);
  });

  it('keeps nothing for who has not begun to read', async () => {
    const stream = new EventStream();
    stream.emit(print('stdout', 'lost'));
    const reading = readAll(stream);
    stream.close();
    assert.deepEqual(await reading, []);
  });
});
