/** Every file of the project keeps the rules of the house, and every rule is seen to bite. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  findBadHeaders,
  findBadNames,
  findBareExports,
  findBarrels,
  findForbiddenSyntax,
  findForeignErrors,
  findFullFolders,
  findHiddenClocks,
  findLongTests,
} from './file-rules.ts';
import { isTest, readTypeScript } from './source-files.ts';
import type { SourceFile } from './source-files.ts';

const project = readTypeScript('src', 'test', 'bench');
const sources = project.filter(({ path }) => path.startsWith('src/') && !isTest(path));
// lib/ lies beside protocol/ and cannot use its SkeinError: a wrong argument is a TypeError there.
const throwing = sources.filter(({ path }) => !path.startsWith('src/lib/'));
// What the simulation runs takes clock, chance and timers from outside. Names of temporary files
// are left out: no replay sees them.
const pure = sources.filter(
  ({ path }) =>
    path !== 'src/ledger/store/durable-file.ts' &&
    (/^src\/(protocol|lib|ledger|tasks|supervisor|agents|guardrails)\//.test(path) ||
      /-(reducer|decider)\.ts$/.test(path)),
);
const file = (path: string, text: string): SourceFile => ({ path, text });
const bodyOf = (lines: number): string => `{\n${'  void 0;\n'.repeat(lines - 2)}}`;

interface Rule {
  readonly rule: string;
  readonly find: (files: readonly SourceFile[]) => string[];
  readonly judged: readonly SourceFile[];
  readonly bad: readonly string[];
  readonly good: readonly string[];
}

const RULES: readonly Rule[] = [
  {
    rule: 'opens with one to five lines of purpose',
    find: findBadHeaders,
    judged: project,
    bad: [
      'export {};',
      'const a = 1; // late',
      `/**\n${' * line\n'.repeat(6)} */`,
      '// line\n'.repeat(6),
    ],
    good: ['/** Purpose. */', '// one\n// two\n\n// another', '#!/usr/bin/env node\n// one'],
  },
  {
    rule: 'says what each export is',
    find: findBareExports,
    judged: project,
    bad: [
      '/** File. */\nconst a = 1;\nexport const b = a;',
      '// not a doc comment\nexport interface A {}',
      '/** Far. */\nvoid 0;\nexport function f() {}',
    ],
    good: [
      '/** One. */\nexport const b = 1;',
      '/** Once. */\nexport function f(a: 1): 1;\nexport function f(a: 2): 2;\nexport function f(a: never) { return a; }',
    ],
  },
  {
    rule: 'is no barrel',
    find: findBarrels,
    judged: project,
    bad: [
      "export * from './a.ts'; export const own = 1;",
      "export { a } from './a.ts';",
      "import { a } from './a.ts'; export { a };",
    ],
    good: ['export const a = 1;', "export type { A } from './a.ts'; export const own = 1;"],
  },
  {
    rule: 'does without default exports, enums, namespaces, parameter properties and any',
    find: findForbiddenSyntax,
    judged: project,
    bad: [
      'export default 1;',
      'enum A { B }',
      'namespace A { export const b = 1; }',
      'class A { constructor(private b: string) {} }',
      'let a: any;',
    ],
    good: ["type A = 'b'; let any: unknown;"],
  },
  {
    rule: 'throws SkeinError only',
    find: findForeignErrors,
    judged: throwing,
    bad: ["throw new Error('x');", "throw new TypeError('x');"],
    good: ["throw new SkeinError('usage', 'x');", 'throw caught;'],
  },
  {
    rule: 'reads no clock and no chance where a replay must be exact',
    find: findHiddenClocks,
    judged: pure,
    bad: [
      'const a = new Date();',
      'const a = Date();',
      "import { randomUUID } from 'node:crypto';",
      "import crypto from 'node:crypto';",
      "import { setTimeout as sleep } from 'node:timers/promises';",
    ],
    good: ['const a = new Date(0); a.getTime();', "import { createHash } from 'node:crypto';"],
  },
  {
    rule: 'keeps the functions of tests short',
    find: findLongTests,
    judged: project.filter(({ path }) => isTest(path)),
    bad: [`it('x', () => ${bodyOf(71)});`, `function f() ${bodyOf(71)}`],
    good: [`it('x', () => ${bodyOf(70)});`, `describe('x', () => ${bodyOf(200)});`],
  },
];

describe('every file', () => {
  for (const { rule, find, judged, bad, good } of RULES) {
    it(rule, () => {
      assert.ok(judged.length > 0, 'there are files to judge');
      assert.deepEqual(find(judged), []);
    });
    it(`${rule}: the rule bites`, () => {
      for (const text of bad) assert.equal(find([file('src/lib/a.ts', text)]).length, 1, text);
      for (const text of good) assert.deepEqual(find([file('src/lib/a.ts', text)]), []);
    });
  }
});

describe('a port', () => {
  it('may state its contract in up to fifteen lines', () => {
    const header = (lines: number): string => `/**\n${' * line\n'.repeat(lines)} */`;
    assert.deepEqual(findBadHeaders([file('src/ledger/ledger.ts', header(15))]), []);
    assert.equal(findBadHeaders([file('src/ledger/ledger.ts', header(16))]).length, 1);
  });
});

describe('names and folders', () => {
  it('are kebab-case of at most three words', () => {
    assert.deepEqual(findBadNames(project), []);
    for (const name of ['readFile.ts', 'read_file.ts', 'a-b-c-d.ts', 'A.ts']) {
      assert.equal(findBadNames([file(`src/lib/${name}`, '')]).length, 1, name);
    }
    assert.deepEqual(findBadNames([file('src/lib/a-b-c.int.test.ts', '')]), []);
  });

  it('hold at most fifteen files, tests not counted', () => {
    assert.deepEqual(findFullFolders(project), []);
    const many = (count: number, end: string): SourceFile[] =>
      Array.from({ length: count }, (_, index) => file(`src/lib/f${index}${end}`, ''));
    assert.equal(findFullFolders(many(16, '.ts')).length, 1);
    assert.deepEqual(findFullFolders([...many(15, '.ts'), ...many(16, '.test.ts')]), []);
  });
});
