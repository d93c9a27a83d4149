/** How a change is shared out among agents: by folders, the same on every machine. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PlannedChange } from '../recipe.ts';
import { groupPaths, shareOut } from './share-out.ts';

const files = (folder: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${folder}/f${String(index).padStart(3, '0')}.ts`);

const change = (paths: readonly string[]): PlannedChange => ({
  title: 'Rename a to b',
  summary: '',
  engine: 'test',
  edits: paths.map((path) => ({
    path,
    baseHash: '',
    afterHash: '',
    after: Buffer.alloc(0),
    changes: 2,
    lines: [1],
  })),
  listed: [],
  warnings: [],
  names: null,
});

describe('groupPaths', () => {
  it('keeps a few files together, whatever their folders', () => {
    assert.deepEqual(groupPaths(['b/y.ts', 'a/x.ts']), [['a/x.ts', 'b/y.ts']]);
    assert.deepEqual(groupPaths([]), []);
  });

  it('keeps packages apart, each whole', () => {
    const paths = ['one', 'two', 'three'].flatMap((name) => files(`packages/${name}/src`, 2));
    assert.deepEqual(
      groupPaths(paths).map((group) => new Set(group.map((path) => path.split('/')[1]))),
      [new Set(['one']), new Set(['three']), new Set(['two'])],
    );
  });

  it('cuts a folder that is too large for one', () => {
    const groups = groupPaths(files('src', 40));
    assert.deepEqual(
      groups.map(({ length }) => length),
      [5, 5, 5, 5, 5, 5, 5, 5],
    );
  });

  it('never makes more than eight', () => {
    const paths = Array.from({ length: 50 }, (_, index) => files(`p${index}/src`, 2)).flat();
    assert.ok(groupPaths(paths).length <= 8);
  });
});

describe('shareOut', () => {
  it('names each part by the folder its files lie in, and says what it expects', () => {
    const parts = shareOut(change([...files('packages/a/src', 3), ...files('packages/b/src', 3)]));
    assert.deepEqual(
      parts.map(({ key, title, expects, after }) => [key, title, expects, after]),
      [
        [
          'part-1',
          'packages/a/src: Rename a to b',
          '6 places in 3 files change as planned, and nothing else',
          [],
        ],
        [
          'part-2',
          'packages/b/src: Rename a to b',
          '6 places in 3 files change as planned, and nothing else',
          [],
        ],
      ],
    );
  });

  it('gives the whole change its own title when it is one part', () => {
    const [part, ...others] = shareOut(change(['a.ts']));
    assert.equal(part?.title, 'Rename a to b');
    assert.equal(part?.expects, '2 places in 1 file change as planned, and nothing else');
    assert.deepEqual(others, []);
  });

  it('takes the parts of a recipe as they are', () => {
    const parts = [{ key: 'x', title: 'x', paths: ['a.ts'], after: [], expects: 'x' }];
    assert.equal(shareOut({ ...change(['a.ts']), parts }), parts);
  });
});
