/** The law of layers and the absence of cycles, found without the linter; each rule is seen to bite. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { LAYERS, findCycles, findLawBreaks, importsOf } from './imports.ts';
import { ROOT, isTest, readTypeScript } from './source-files.ts';
import type { SourceFile } from './source-files.ts';

const project = readTypeScript('src');
const file = (name: string, text: string): SourceFile => ({ path: name, text });

describe('the law of layers', () => {
  it('holds in src/', () => {
    assert.ok(project.length > 50, 'the files were found');
    assert.deepEqual(findLawBreaks(project), []);
  });

  it('bites on an import upwards, even of a type', () => {
    const value = file('src/ledger/a.ts', "import { b } from '#tasks/b.ts';");
    const type = file('src/ledger/a.ts', "import type { B } from '#tasks/b.ts';");
    const lazy = file('src/ledger/a.ts', "export const b = () => import('#tasks/b.ts');");
    for (const bad of [value, type, lazy]) assert.equal(findLawBreaks([bad]).length, 1, bad.text);
  });

  it('bites on a value from beside and allows its types', () => {
    const bad = [
      "import { b } from '#workspace/b.ts';",
      "import { type B } from '#workspace/b.ts';",
      "export { b } from '#workspace/b.ts';",
      "export * from '#workspace/b.ts';",
    ];
    for (const text of bad) {
      assert.equal(findLawBreaks([file('src/tasks/a.ts', text)]).length, 1, text);
    }
    const good = [
      "import type { B } from '#workspace/b.ts';",
      "export type { B } from '#workspace/b.ts';",
      "export type C = import('#workspace/b.ts').B;",
    ];
    for (const text of good) assert.deepEqual(findLawBreaks([file('src/tasks/a.ts', text)]), []);
  });

  it('allows everything downwards', () => {
    assert.deepEqual(findLawBreaks([file('src/cli/a.ts', "import { b } from '#lib/b.ts';")]), []);
  });

  it('bites on a relative path into another folder, a folder in no layer, and one outside', () => {
    const bad = ['../lib/b.ts', '#utils/b.ts', '../../test/b.ts'];
    for (const specifier of bad) {
      const text = `import { b } from '${specifier}';`;
      assert.equal(findLawBreaks([file('src/cli/a.ts', text)]).length, 1, text);
    }
    assert.equal(findLawBreaks([file('src/utils/a.ts', 'export {};')]).length, 1);
  });

  it('keeps protocol/ and reducers free of Node and of packages', () => {
    assert.deepEqual(findImpure(project), []);
    const node = file('src/protocol/a.ts', "import fs from 'node:fs';");
    const packaged = file('src/tasks/a-reducer.ts', "import { z } from 'zod';");
    const upper = file('src/tasks/a-reducer.ts', "import { b } from '#ledger/b.ts';");
    const neighbour = file('src/tasks/a-reducer.ts', "import { b } from './b.ts';");
    for (const bad of [node, packaged, upper, neighbour]) {
      assert.equal(findImpure([bad]).length, 1, bad.text);
    }
  });

  it('is the same law in the linter', () => {
    const config = JSON.parse(fs.readFileSync(path.join(ROOT, '.oxlintrc.json'), 'utf8'));
    for (const [row, folders] of LAYERS.entries()) {
      for (const folder of folders) {
        const override = config.overrides.find((entry: { files: string[] }) =>
          entry.files.includes(`src/${folder}/**`),
        );
        const patterns: { regex: string; allowTypeImports?: boolean }[] =
          override.rules['no-restricted-imports'][1].patterns;
        const upper = LAYERS.slice(row + 1).flat();
        const beside = folders.filter((other) => other !== folder);
        const forbids = (other: string, types: boolean): boolean =>
          patterns.some(
            ({ regex, allowTypeImports }) =>
              new RegExp(regex).test(`#${other}/x.ts`) && !(types && allowTypeImports === true),
          );
        for (const other of LAYERS.flat().filter((name) => name !== folder)) {
          assert.equal(forbids(other, true), upper.includes(other), `${folder}: type of ${other}`);
          const expected = upper.includes(other) || beside.includes(other);
          assert.equal(forbids(other, false), expected, `${folder}: value of ${other}`);
        }
      }
    }
  });
});

describe('import cycles', () => {
  it('are none in src/', () => assert.deepEqual(findCycles(project), []));

  it('are found, directly and over a third file, values or types', () => {
    const a = file('src/lib/a.ts', "import { b } from './b.ts';");
    const b = file('src/lib/b.ts', "import type { C } from './c.ts';");
    const c = file('src/lib/c.ts', "import { a } from '#lib/a.ts';");
    assert.deepEqual(findCycles([a, b, c]), [
      'src/lib/a.ts -> src/lib/b.ts -> src/lib/c.ts -> src/lib/a.ts',
    ]);
    assert.deepEqual(findCycles([a, b]), []);
  });
});

/** Imports of protocol/ and of reducers that would not run in a browser. */
function findImpure(files: readonly SourceFile[]): string[] {
  return files
    .filter((source) => !isTest(source.path))
    .filter(({ path: name }) => name.startsWith('src/protocol/') || name.endsWith('-reducer.ts'))
    .flatMap((source) => importsOf(source))
    .filter(({ typeOnly, target, from }) => {
      if (target === undefined) return true;
      if (from.path.startsWith('src/protocol/')) return !target.startsWith('src/protocol/');
      if (typeOnly || target.endsWith('-reducer.ts')) return false;
      return !/^src\/(protocol|lib)\//.test(target);
    })
    .map(({ from, specifier }) => `${from.path}: ${specifier}`);
}
