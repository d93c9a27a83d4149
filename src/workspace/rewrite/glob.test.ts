/** Globs: what they match, what they refuse, and that no pattern takes for ever. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileGlob, selectPaths } from './glob.ts';

const matches = (glob: string, path: string): boolean => compileGlob(glob)(path);

describe('a glob', () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['src/**/*.ts', ['src/a.ts', 'src/b/c.ts', 'src/.h/c.ts', 'src/.c.ts'], ['a.ts', 'src/a.js']],
    ['**', ['a.ts', 'a/b/.c'], []],
    ['**/*.ts', ['a.ts', 'b/c/d.ts'], ['a.tsx']],
    ['*.ts', ['a.ts'], ['b/a.ts']],
    ['src', ['src/a.ts', 'src/b/c.css'], ['srca.ts', 'b/src/a.ts']],
    ['src/', ['src/a.ts', 'src/b/c.css'], ['src.ts']],
    ['packages/*/src/', ['packages/a/src/b/c.ts'], ['packages/a/test/c.ts']],
    ['./src/a.ts', ['src/a.ts'], ['src/b.ts']],
    ['src/*.{ts,tsx}', ['src/a.ts', 'src/a.tsx'], ['src/a.js', 'src/a.{ts,tsx}']],
    ['{a,b{c,d}}/x', ['a/x', 'bc/x', 'bd/x'], ['b/x']],
    ['src/{one}.ts', ['src/{one}.ts'], ['src/one.ts']],
    ['src/?.ts', ['src/a.ts', 'src/é.ts'], ['src/ab.ts', 'src/.ts']],
    ['src/[a-c].ts', ['src/b.ts'], ['src/d.ts']],
    ['src/[!a].ts', ['src/b.ts'], ['src/a.ts']],
    ['src/[id]/a.ts', ['src/[id]/a.ts', 'src/i/a.ts'], ['src/x/a.ts']],
    ['src/**/**/a', ['src/a', 'src/b/c/a'], ['src/b/c']],
    ['a.b+c(d)|$', ['a.b+c(d)|$'], ['aXb+c(d)|$']],
  ];
  for (const [glob, yes, no] of cases) {
    it(`${glob} matches just what it says`, () => {
      for (const path of yes) assert.ok(matches(glob, path), path);
      for (const path of no) assert.ok(!matches(glob, path), path);
    });
  }

  it('of many stars ends, where going back for each of them would not', () => {
    assert.ok(!matches(`${'*a'.repeat(60)}c`, `${'a'.repeat(200)}b`));
    assert.ok(!matches(`${'**/a/'.repeat(60)}c`, `${'a/'.repeat(200)}b`));
  });

  it('that can match no tracked path is refused', () => {
    const refused = ['', ' ', '.', '/etc/*', '../a', 'a/../b', 'x'.repeat(2_000)];
    for (const glob of [...refused, `${'{a,b}'.repeat(8)}`]) {
      assert.throws(() => compileGlob(glob), { name: 'pattern-invalid' }, glob);
    }
  });
});

describe('globs together', () => {
  const paths = ['src/a.ts', 'src/b.css', 'test/a.ts'];

  it('select what one of them matches, in the order of the paths', () => {
    assert.deepEqual(selectPaths(paths, ['test/', '**/*.css']), ['src/b.css', 'test/a.ts']);
    assert.deepEqual(selectPaths(paths, []), paths);
  });

  it('are refused when one of them matches nothing: it is mistyped', () => {
    assert.throws(() => selectPaths(paths, ['src/', 'scr/']), {
      name: 'pattern-invalid',
      message: 'Cannot use the glob scr/: no tracked file matches it',
    });
  });
});
