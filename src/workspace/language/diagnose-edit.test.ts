/** What is said of a refused edit: what is in the way, where, and what would work. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EditDiagnosis, diagnoseRefusal } from './diagnose-edit.ts';
import { parseSource } from './syntax/parse-source.ts';
import { makeRepository } from './testing/rename-repository.ts';

/** The diagnosis of a file in which `a` was to become `b`; `after` is what was refused. */
async function diagnose(path: string, text: string, after?: string): Promise<EditDiagnosis> {
  const repository = makeRepository({ [path]: text });
  try {
    const { root } = repository;
    const content = after === undefined ? {} : { after: Buffer.from(after) };
    return await diagnoseRefusal({ root, path, from: 'a', to: 'b', ...content });
  } finally {
    repository.dispose();
  }
}

const aliasFor = (finding: string): EditDiagnosis => ({ finding, strategy: 'import-alias' });

describe('diagnoseRefusal', () => {
  it('names the other declaration and an alias, for every kind of import', async () => {
    for (const [path, text] of [
      ['x.ts', "import { a } from 'y';\n\nconst b = a;\n"],
      ['x.ts', "import type { a } from 'y';\n\ntype b = a;\n"],
      ['x.js', "const { a } = require('y');\n\nfunction b() { return a; }\n"],
      ['x.cjs', "const a = require('y').a;\n\nclass b { c = a; }\n"],
      ['x.mjs', "\uFEFFimport a from 'y';\n\nexport const b = a;\n"],
      ['x.tsx', "import { a, c } from 'y';\n\nimport { b } from 'z';\nf(a, b);\n"],
    ] as const) {
      const refused = text.replaceAll(/\ba\b/g, 'b');
      assert.deepEqual(
        await diagnose(path, text, refused),
        aliasFor(`${path}:3 declares b already`),
      );
      // The same without an edit to look at.
      assert.deepEqual(await diagnose(path, text), aliasFor(`${path}:3 declares b already`));
    }
  });

  it('tells a capture, and a name that would be hidden', async () => {
    const captured = "import { a } from 'y';\nconst f = (b: number) =>\n  a + b;\n";
    assert.deepEqual(
      await diagnose('x.ts', captured),
      aliasFor('x.ts:2 declares b already, and the use in x.ts:3 would mean that one'),
    );
    const hidden = "import { a } from 'y';\na(b);\n";
    assert.deepEqual(await diagnose('x.ts', hidden), aliasFor('x.ts:2 uses another b'));
  });

  it('knows no way where the name is not imported', async () => {
    const text = 'export const a = 1;\nexport const b = 2;\n';
    const refused = text.replace('a', 'b');
    assert.ok(parseSource('x.ts', refused, true).errors.length > 0);
    assert.deepEqual(await diagnose('x.ts', text, refused), {
      finding: 'b is declared twice, in x.ts:1 and x.ts:2',
      strategy: null,
    });
  });

  it('gives the error of the parser where nothing is declared twice', async () => {
    const text = "import { a } from 'y';\nf(a);\n";
    const { finding, strategy } = await diagnose('x.ts', text, "import { b } from 'y';\nf(b;\n");
    assert.match(finding, /^x\.ts:2 would not be valid: /);
    assert.equal(strategy, null);
  });

  it('says so where the new name fits, and where the file is gone', async () => {
    const finding = 'nothing in x.ts is in the way of b';
    assert.deepEqual(await diagnose('x.ts', "import { a } from 'y';\nf(a);\n"), {
      finding,
      strategy: null,
    });
    const root = import.meta.dirname;
    const gone = await diagnoseRefusal({ root, path: 'x.ts', from: 'a', to: 'b' });
    assert.deepEqual(gone, { finding: 'x.ts is gone', strategy: null });
  });
});
