/** Names of a rename that can't be. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkInherited, checkNames, checkReserved } from './check-names.ts';

describe('checkNames', () => {
  it('reads plain, qualified and private names', () => {
    assert.deepEqual(checkNames('a', 'b'), {
      from: 'a',
      to: 'b',
      container: undefined,
      isPrivate: false,
    });
    assert.equal(checkNames('Box.size', 'width').container, 'Box');
    assert.equal(checkNames('Box.size', 'Box.width').to, 'width');
    assert.deepEqual(checkNames('Box.#a', '#b'), {
      from: 'a',
      to: 'b',
      container: 'Box',
      isPrivate: true,
    });
  });

  it('refuses what is no rename', () => {
    for (const [from, to] of [
      ['a', 'a'],
      ['a', '1b'],
      ['a', 'b c'],
      ['a-b', 'c'],
      ['#a', 'b'],
      ['a', '#b'],
      ['Box.a', 'Bag.b'],
      ['', 'b'],
    ] as const) {
      assert.throws(() => checkNames(from, to), { name: 'rename-refused' }, `${from} to ${to}`);
    }
  });

  it('refuses reserved words where they matter, and only there', () => {
    assert.throws(() => checkReserved('class', ['variable'], true), { name: 'rename-refused' });
    assert.throws(() => checkReserved('string', ['type'], true), { name: 'rename-refused' });
    assert.doesNotThrow(() => checkReserved('class', ['property'], false));
    assert.doesNotThrow(() => checkReserved('string', ['variable'], true));
  });
});

describe('checkInherited', () => {
  it('refuses names that every object has, for members', () => {
    for (const name of ['toString', 'hasOwnProperty', '__proto__', 'constructor']) {
      assert.throws(() => checkInherited(name), { name: 'rename-refused' });
    }
    assert.doesNotThrow(() => checkInherited('width'));
  });
});
