/** Ranges of events: few of them, exactly the places that were given, found again one by one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RangeBuilder, RangeSet, type EventPlace } from './event-ranges.ts';

const [A, B] = ['a'.repeat(32), 'b'.repeat(32)];

/** Commits by their sizes: all places of a chain in order. */
const placesOf = (chain: string, sizes: readonly number[]): EventPlace[] =>
  sizes.flatMap((size, seq) =>
    Array.from({ length: size }, (_, index) => ({ chain, seq: seq + 1, index, size })),
  );

function rangesOf(places: readonly EventPlace[]) {
  const builder = new RangeBuilder();
  for (const place of places) builder.add(place);
  return builder.take();
}

describe('ranges of events', () => {
  it('are one for commits that follow each other', () => {
    assert.deepEqual(rangesOf(placesOf(A, [1, 3, 2])), [{ chain: A, from: 1, to: 3 }]);
  });

  it('name a part of a commit by its events', () => {
    const [, , second, third, last] = placesOf(A, [1, 3, 1]) as [never, never, ...EventPlace[]];
    assert.deepEqual(rangesOf([second, third, last] as EventPlace[]), [
      { chain: A, from: 2, to: 2, first: 1, last: 2 },
      { chain: A, from: 3, to: 3 },
    ]);
  });

  it('end with their chain, and where a commit is left out', () => {
    const [one, , three] = placesOf(A, [1, 1, 1]) as EventPlace[];
    const other = placesOf(B, [1, 1]).slice(1);
    assert.deepEqual(rangesOf([one, three, ...other] as EventPlace[]), [
      { chain: A, from: 1, to: 1 },
      { chain: A, from: 3, to: 3 },
      { chain: B, from: 2, to: 2 },
    ]);
  });

  it('hold the places they were made of, and no other', () => {
    const all = placesOf(A, [2, 3, 1, 4, 2, 5]);
    for (let pattern = 1; pattern < 2 ** 10; pattern += 7) {
      const chosen = all.filter((_, index) => (pattern >> (index % 10)) % 2 === 1);
      const set = new RangeSet();
      set.add(rangesOf(chosen));
      assert.deepEqual(
        all.filter((place) => set.has(place)),
        chosen,
      );
      assert.ok(!set.has({ ...(chosen[0] as EventPlace), chain: B }));
    }
  });
});
