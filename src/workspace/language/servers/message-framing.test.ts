/** The framing: messages split at any byte, several in a chunk, and limits. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDecoder, encodeMessage } from './message-framing.ts';

describe('message framing', () => {
  const messages = [{ id: 1, text: 'größe 😀' }, { id: 2 }, { id: 3, list: [1, 2] }];
  const bytes = Buffer.concat(messages.map(encodeMessage));

  it('reads messages however the bytes are cut', () => {
    for (const size of [1, 2, 7, 33, bytes.length]) {
      const decode = createDecoder();
      const read: unknown[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        read.push(...decode(bytes.subarray(at, at + size)));
      }
      assert.deepEqual(read, messages);
    }
  });

  it('refuses a message above the limit, and takes one below it', () => {
    const [first] = messages;
    assert.throws(() => createDecoder(10)(encodeMessage(first)), /a message of \d+ bytes/);
    assert.deepEqual(createDecoder(100)(encodeMessage(first)), [first]);
  });

  it('refuses what is not framed', () => {
    assert.throws(() => createDecoder()(Buffer.from('X: 1\r\n\r\n{}')), /without Content-Length/);
    assert.throws(() => createDecoder()(Buffer.alloc(9_000, 'x')), /a header without an end/);
  });
});
