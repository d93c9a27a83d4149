/** Patterns of strangers: what they match, and that none of them holds up the node. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeLineMatcher, MAX_LINE_CHARACTERS } from './line-pattern.ts';

const EVIL = '^(a+)+$';

describe('a line matcher', () => {
  it('names the lines that do not match, in which the pattern is looked for anywhere', () => {
    const matcher = makeLineMatcher('import');
    assert.deepEqual(matcher(['import a', 'const a', ' // import', '']), [1, 3]);
    assert.deepEqual(
      makeLineMatcher('^import\\b.*;$')(['import a;', ' import a;', 'imports']),
      [1, 2],
    );
    assert.deepEqual(matcher([]), []);
  });

  it('forgets nothing and remembers nothing between lines', () => {
    const matcher = makeLineMatcher('^a');
    for (let round = 0; round < 3; round += 1) assert.deepEqual(matcher(['a', 'b', 'a', 'a']), [1]);
  });

  it('reads letters of all kinds whole', () => {
    assert.deepEqual(makeLineMatcher('^.$')(['\u{1f98a}', 'ab']), [1]);
    assert.deepEqual(makeLineMatcher('^\\p{L}+$')(['größe', '12']), [1]);
  });

  it('takes a line that is too long for one that does not match', () => {
    const lines = ['a'.repeat(MAX_LINE_CHARACTERS), 'a'.repeat(MAX_LINE_CHARACTERS + 1)];
    assert.deepEqual(makeLineMatcher('a')(lines), [1]);
  });

  it('stops a pattern that would never end, and says which line it was', () => {
    const matcher = makeLineMatcher(EVIL, 20);
    const line = `${'a'.repeat(60)}!`;
    assert.throws(
      () => matcher(['aaa', line]),
      (error: Error & { details?: { line: string } }) => {
        assert.equal(error.name, 'pattern-invalid');
        assert.equal(error.details?.line, line);
        return true;
      },
    );
    // the twin: it is the line that makes it endless, and the matcher works on
    assert.deepEqual(matcher(['aaa', 'aa!']), [1]);
  });

  it('refuses what is no expression', () => {
    assert.throws(() => makeLineMatcher('(a'), { name: 'pattern-invalid' });
  });
});
