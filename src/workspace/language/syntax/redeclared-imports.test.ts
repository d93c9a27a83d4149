/** What a TypeScript module imports and declares at once; the parser alone would let it pass. */
import assert from 'node:assert/strict';
import { stripTypeScriptTypes } from 'node:module';
import { describe, it } from 'node:test';
import { parseSource } from './parse-source.ts';

const TAKEN = [
  "import { b } from 'x';\nconst b = 1;",
  "import { b } from 'x';\nexport let { a, c: [, b = 2], ...d } = e;",
  "import { a as b } from 'x';\nfunction b() {}",
  "import b from 'x';\nexport class b {}",
  "import * as b from 'x';\nexport default function b() {}",
  "const b = 1;\nimport { type a, b } from 'x';",
];
const FREE = [
  "import type { b } from 'x';\nconst b = 1;",
  "import { type b } from 'x';\nfunction b() {}",
  "import { b as a } from 'x';\nconst b = 1;",
  "import { b } from 'x';\ninterface b {}\ntype c = b;",
  "import { b } from 'x';\ndeclare const b: number;",
  "import { b } from 'x';\nfunction f(b: number) { const c = b; }",
  "import { b } from 'x';\nconst { b: c } = { b };",
  "import { b } from 'x';\nexport { b };",
];

describe('redeclaredImports', () => {
  for (const text of [...TAKEN, ...FREE]) {
    const isTaken = TAKEN.includes(text);
    it(`${isTaken ? 'refuses' : 'lets pass'}: ${text.replaceAll('\n', ' ')}`, () => {
      for (const path of ['x.ts', 'x.tsx', 'x.mts']) {
        assert.equal(parseSource(path, text, true).errors.length, isTaken ? 1 : 0, path);
      }
      // Once Node has stripped the types, the parser itself says the same.
      const stripped = parseSource('x.mjs', stripTypeScriptTypes(text), true);
      assert.equal(stripped.errors.length > 0, isTaken);
    });
  }

  it('says what the parser says in JavaScript, at the same place', () => {
    const text = "import { b } from 'x';\nconst b = 1;";
    const said = (path: string): unknown =>
      parseSource(path, text, true).errors.map(({ message, labels }) => [
        message,
        labels[0]?.start,
      ]);
    assert.deepEqual(said('x.ts'), said('x.mjs'));
  });

  it('refuses enums, and leaves declaration files and mere syntax alone', () => {
    const text = "import { b } from 'x';\nenum b { c }";
    assert.equal(parseSource('x.ts', text, true).errors.length, 1);
    assert.equal(parseSource('x.ts', text).errors.length, 0);
    assert.equal(parseSource('x.d.ts', text, true).errors.length, 0);
  });
});
