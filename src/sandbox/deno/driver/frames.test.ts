/** Frames: whatever way the bytes are cut, the same frames come out; and what may not come does not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FrameReader, decodeFile, encodeFile, encodeFrame, encodeJson } from './frames.ts';
import type { Frame } from './frames.ts';

const bytes = (...values: readonly number[]): Uint8Array => new Uint8Array(values);
const joined = Buffer.concat([
  encodeFrame(17, bytes(1, 2), bytes(3)),
  encodeFrame(16),
  encodeFile(20, 'ä/b', bytes(9)),
  encodeJson(23, { a: 1 }),
]);

function readIn(size: number): readonly (readonly [number, string])[] {
  const reader = new FrameReader(() => 100);
  const frames: Frame[] = [];
  for (let at = 0; at < joined.length; at += size) {
    const some = reader.push(joined.subarray(at, at + size));
    assert.ok(some);
    frames.push(...some);
  }
  return frames.map(({ kind, payload }) => [kind, Buffer.from(payload).toString('hex')]);
}

describe('frames', () => {
  it('are the same however they are cut', () => {
    const whole = readIn(joined.length);
    assert.deepEqual(
      whole.map(([kind]) => kind),
      [17, 16, 20, 23],
    );
    for (let size = 1; size < joined.length; size += 1) assert.deepEqual(readIn(size), whole);
  });

  it('are refused by kind and by length before their payload is there', () => {
    const limitOf = (kind: number): number => (kind === 17 ? 3 : -1);
    assert.equal(new FrameReader(limitOf).push(bytes(0, 0, 0, 4, 17)), null);
    assert.equal(new FrameReader(limitOf).push(bytes(255, 255, 255, 255, 17)), null);
    assert.equal(new FrameReader(limitOf).push(bytes(0, 0, 0, 0, 18)), null);
    const fits = new FrameReader(limitOf).push(encodeFrame(17, bytes(1, 2, 3)));
    assert.deepEqual(fits, [{ kind: 17, payload: bytes(1, 2, 3) }]);
  });

  it('carry files, and no file that is cut or has no name in UTF-8', () => {
    const payload = encodeFile(20, 'ä/b', bytes(9)).subarray(5);
    assert.deepEqual(decodeFile(payload), { path: 'ä/b', content: bytes(9) });
    for (const bad of [bytes(), bytes(0), bytes(0, 2, 97), bytes(0, 1, 0xff)]) {
      assert.equal(decodeFile(bad), null);
    }
  });
});
