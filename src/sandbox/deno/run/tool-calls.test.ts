/** Tool calls are bounded in number, size and how many run at once; each gets one answer. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallTool } from '#sandbox/sandbox.ts';
import { FRAME, encodeJson } from '../driver/frames.ts';
import { MAX_TOOL_CALLS, MAX_WAITING_BYTES, ToolCalls } from './tool-calls.ts';

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

function open(callTool?: CallTool) {
  const answers: Answer[] = [];
  const told: (readonly [string, boolean])[] = [];
  const calls = new ToolCalls({
    callTool,
    answer: (frame) =>
      answers.push(JSON.parse(Buffer.from(frame.subarray(5)).toString()) as Answer),
    told: (name, failed) => told.push([name, failed]),
  });
  const take = (call: unknown): boolean => calls.take(encodeJson(FRAME.call, call).subarray(5));
  return { calls, answers, told, take };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('tool calls', () => {
  it('are answered with a value or an error, and told', async () => {
    const { answers, told, take } = open(async (name, args) => {
      if (name === 'bad') throw new TypeError('no');
      return args;
    });
    assert.ok(take({ id: 1, name: 'good', args: { a: 1 } }) && take({ id: 2, name: 'bad' }));
    await settle();
    assert.deepEqual(answers, [
      { id: 1, value: { a: 1 } },
      { id: 2, error: 'bad: no' },
    ]);
    assert.deepEqual(told, [
      ['good', false],
      ['bad', true],
    ]);
  });

  it('are eight at once, and what waits may not be large', async () => {
    let running = 0;
    const { answers, take } = open(() => {
      running += 1;
      return new Promise(() => undefined);
    });
    for (let id = 0; id < 20; id += 1) assert.ok(take({ id, name: 't' }));
    assert.equal(running, 8);
    const size = 1_000_000;
    for (let sent = 0; sent < MAX_WAITING_BYTES + size; sent += size) {
      assert.ok(take({ id: 100, name: 'large', args: 'x'.repeat(size) }));
    }
    await settle();
    assert.match(answers.at(-1)?.error ?? '', /too large/);
  });

  it('are a thousand, then refused, and who goes on breaks the pipe', async () => {
    const { answers, take } = open(async () => 1);
    for (let id = 0; id < MAX_TOOL_CALLS; id += 1) take({ id, name: 't' });
    assert.ok(take({ id: -1, name: 't' }));
    assert.match(answers.at(-1)?.error ?? '', /more than 1000 calls/);
    for (let id = 1; id < MAX_TOOL_CALLS; id += 1) assert.ok(take({ id, name: 't' }));
    assert.equal(take({ id: 0, name: 't' }), false);
  });

  it('make sense, or break the pipe; without tools each is refused', () => {
    const { answers, take } = open();
    for (const bad of [
      null,
      [],
      { id: '1', name: 't' },
      { id: 1 },
      { id: 1, name: 'x'.repeat(201) },
    ]) {
      assert.equal(take(bad), false);
    }
    assert.ok(take({ id: 5, name: 't' }));
    assert.deepEqual(answers, [{ id: 5, error: 'Cannot call t: this run has no tools' }]);
  });

  it('are not answered when the run is over', async () => {
    const { calls, answers, take } = open(async () => 1);
    take({ id: 1, name: 't' });
    calls.close();
    await settle();
    assert.deepEqual(answers, []);
  });
});
