/** Pages as messages: split, joined in whatever order, and bounded. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PART_HEAD_BYTES, PartJoiner, readPartHead, splitPage } from './page-parts.ts';

const PAGE = Buffer.from('a page of some length');
const NUMBERS = { first: 3, last: 9 };

describe('parts of a page', () => {
  it('say which commits they are of, and are the page again in any order', () => {
    const parts = splitPage(PAGE, NUMBERS, 8);
    assert.deepEqual(
      parts.map(readPartHead),
      [0, 1, 2].map((index) => ({ index, count: 3, ...NUMBERS })),
    );
    const joiner = new PartJoiner<number>();
    const answers = [2, 0, 2, 1].map((at) => joiner.add('alice', parts[at] ?? PAGE, at));
    assert.deepEqual(answers.slice(0, 3), [undefined, undefined, undefined]);
    const whole = answers[3];
    assert.deepEqual(Buffer.from(whole?.bytes ?? []).toString(), PAGE.toString());
    assert.deepEqual(whole?.messages, [0, 1, 2]);
  });

  it('of two senders are two pages', () => {
    const [one, two] = splitPage(PAGE, NUMBERS, 16) as [Uint8Array, Uint8Array];
    const joiner = new PartJoiner<string>();
    assert.equal(joiner.add('alice', one, 'a'), undefined);
    assert.equal(joiner.add('mallory', two, 'm'), undefined);
    assert.deepEqual(joiner.add('alice', two, 'b')?.messages, ['a', 'b']);
  });

  it('that nobody completes take no more than their room', () => {
    const joiner = new PartJoiner<number>();
    const part = Buffer.alloc(4 << 20);
    const first = splitPage(Buffer.concat([part, part]), NUMBERS, part.length);
    joiner.add('alice', first[0] ?? part, 0);
    for (let sender = 0; sender < 3; sender += 1)
      joiner.add(`mallory ${sender}`, first[0] ?? part, 1);
    // Alice's was let go: it comes again, and so does the rest.
    assert.equal(joiner.add('alice', first[1] ?? part, 2), undefined);
    assert.ok(joiner.add('alice', first[0] ?? part, 3));
  });

  it('with numbers that make no sense are refused', () => {
    const good = Buffer.from(splitPage(PAGE, NUMBERS, 64)[0] ?? []);
    assert.equal(readPartHead(good).count, 1);
    const bent = (at: number, value: number): Buffer => {
      const bytes = Buffer.from(good);
      bytes[at] = value;
      return bytes;
    };
    const wrong = [
      good.subarray(0, PART_HEAD_BYTES),
      bent(0, 1),
      bent(1, 0),
      bent(1, 255),
      bent(5, 0),
      bent(9, 2),
    ];
    for (const bytes of wrong) {
      assert.throws(() => readPartHead(bytes), { name: 'page-refused' }, bytes.toString('hex'));
    }
  });
});
