/** The guardrail "still parses", for each kind of file that has a parser. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseErrors } from './parse-errors.ts';

describe('parseErrors', () => {
  it('finds nothing in valid files', () => {
    for (const [path, text] of [
      ['a.ts', 'export const a: number = 1;'],
      ['a.tsx', 'export const a = <b c={1} />;'],
      ['a.js', 'return 1; '],
      ['a.mjs', 'export const a = await 1;'],
      ['a.cjs', 'with (a) {}'],
      ['a.d.ts', 'declare const a: 1;'],
      ['a.json', '\uFEFF{"a": 1}'],
      ['tsconfig.json', '{ // why\n "a": ["*/**", "//"], }'],
      ['a.yaml', 'a: [1, 2]'],
      ['a.md', 'const = ;'],
    ] as const) {
      assert.deepEqual(parseErrors(path, text), [], path);
    }
  });

  it('finds the error and its place', () => {
    for (const [path, text, line] of [
      ['a.ts', 'const a = 1;\nconst = 2;', 2],
      ['a.js', 'const a = <b>;', 1],
      ['a.json', '{\n"a": }', 2],
      ['a.yaml', 'a: [1\nb: 2', 2],
    ] as const) {
      assert.equal(parseErrors(path, text)[0]?.line, line, path);
    }
  });
});
