/** The tail of an output: what is kept, what is said of the rest, and where it begins. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputTail } from './output-tail.ts';

const tailOf = (limitBytes: number, text: string): ReturnType<typeof outputTail> => {
  const tail = outputTail(limitBytes);
  tail.add(Buffer.from(text));
  return tail;
};

test('what fits is kept as it is', () => {
  const tail = tailOf(100, 'one\ntwo\n');
  assert.equal(tail.text(), 'one\ntwo\n');
  assert.equal(tail.totalBytes(), 8);
});

test('what is cut begins with a whole line: half a line could hold half a secret', () => {
  const tail = tailOf(20, 'token=abcdefghijklmnop\nsecond line\nlast\n');
  assert.equal(tail.text(), '[23 bytes before this are not kept]\nsecond line\nlast\n');
});

test('one endless line begins with a whole character', () => {
  const tail = tailOf(5, 'aaaaaaaaa€€');
  assert.equal(tail.text(), '[12 bytes before this are not kept]\n€');
});
