/** Each rule of the linter is seen to bite: bad files in a temporary folder, judged by our own config. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ROOT } from './source-files.ts';

/** A rule with a file that breaks it and, beside it, one that keeps it. */
interface Tooth {
  readonly rule: string;
  readonly what: string;
  readonly file: string;
  readonly bad: string;
  readonly good: string;
}

const LINTER = path.join(ROOT, 'node_modules/oxlint/bin/oxlint');
const lines = (count: number): string => 'export {};\n'.repeat(count);
const longFunction = (count: number): string =>
  `export function f(): void {\n${'  void 0;\n'.repeat(count - 2)}}\n`;
const importing = (specifier: string, type = ''): string =>
  `import ${type} { other } from '${specifier}';\nexport const use = ${type ? '0 as unknown as other' : 'other'};\n`;

const imports = (file: string, bad: string, good: string, what: string): Tooth => ({
  rule: 'eslint(no-restricted-imports)',
  what,
  file,
  bad: importing(bad),
  good: importing(good),
});
const property = (file: string, bad: string, good: string): Tooth => ({
  rule: 'eslint(no-restricted-properties)',
  what: `${bad} in ${file}`,
  file,
  bad: `export const value = (): unknown => ${bad};\n`,
  good: `export const value = (): unknown => ${good};\n`,
});

const timer = (file: string): Tooth => ({
  rule: 'eslint(no-restricted-globals)',
  what: 'a timer in a folder of the core',
  file,
  bad: 'export const wait = (): unknown => setTimeout(() => undefined, 1);\n',
  good: 'export const wait = (delay: () => unknown): unknown => delay();\n',
});

const TEETH: readonly Tooth[] = [
  imports('src/ledger/up', '#tasks/other.ts', '#lib/other.ts', 'an import upwards'),
  imports('src/tasks/beside', '#llm/other.ts', '#bus/other.ts', 'a value from beside'),
  imports('src/tasks/relative', '../bus/other.ts', '#bus/other.ts', 'a relative way out'),
  imports('src/protocol/node', 'node:fs', './other.ts', 'Node in protocol/'),
  imports('src/protocol/packaged', 'zod', './other.ts', 'a package in protocol/'),
  imports('src/tasks/io-reducer', 'node:fs', '#lib/other.ts', 'Node in a reducer'),
  imports('src/tasks/up-reducer', '#ledger/other.ts', '#lib/other.ts', 'more in a reducer'),
  imports('src/tasks/io-decider', 'node:fs', '#ledger/other.ts', 'Node in a decider'),
  property('src/tasks/now', 'Date.now()', 'new Date(0)'),
  property('src/lib/random', 'Math.random()', 'Math.abs(1)'),
  property('src/protocol/uuid', 'crypto.randomUUID()', 'String(1)'),
  property('src/ledger/now', 'Date.now()', 'new Date(0)'),
  property('src/agents/now', 'Date.now()', 'new Date(0)'),
  property('src/guardrails/random', 'Math.random()', 'Math.abs(1)'),
  property('src/supervisor/env', 'process.env', 'process.pid'),
  property('src/workspace/late-decider', 'Date.now()', 'new Date(0)'),
  timer('src/supervisor/timer'),
  timer('src/ledger/timer'),
  timer('src/agents/timer'),
  {
    rule: 'import(no-cycle)',
    what: 'a cycle, of types too',
    file: 'src/lib/ring',
    bad: "import type { Other } from './ring-other.ts';\nexport type Ring = Other;\n",
    good: "import type { Other } from './other-type.ts';\nexport type Ring = Other;\n",
  },
  {
    rule: 'import(no-default-export)',
    what: 'a default export',
    file: 'src/lib/default',
    bad: 'export default 1;\n',
    good: 'export const one = 1;\n',
  },
  {
    rule: 'oxc(no-barrel-file)',
    what: 'a barrel',
    file: 'src/lib/barrel',
    bad: "export * from './other.ts';\n",
    good: 'export const one = 1;\n',
  },
  {
    rule: 'eslint(max-lines)',
    what: 'a file of 401 lines',
    file: 'src/lib/long',
    bad: lines(401),
    good: lines(400),
  },
  {
    rule: 'eslint(max-lines)',
    what: 'a test of 601 lines',
    file: 'src/lib/long.test',
    bad: lines(601),
    good: lines(600),
  },
  {
    rule: 'eslint(max-lines-per-function)',
    what: 'a function of 71 lines',
    file: 'src/lib/long-function',
    bad: longFunction(71),
    good: longFunction(70),
  },
  {
    rule: 'eslint(max-params)',
    what: 'five parameters',
    file: 'src/lib/parameters',
    bad: 'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1): number => a + b + c + d + e;\n',
    good: 'export const f = (a: 1, b: 1, c: 1, d: 1): number => a + b + c + d;\n',
  },
  {
    rule: 'typescript(no-explicit-any)',
    what: 'any',
    file: 'src/lib/any',
    bad: 'export const f = (a: any): unknown => a;\n',
    good: 'export const f = (a: unknown): unknown => a;\n',
  },
  {
    rule: 'typescript(no-import-type-side-effects)',
    what: 'types imported by a value import',
    file: 'src/lib/inline',
    bad: "import { type Other } from './other-type.ts';\nexport type Mine = Other;\n",
    good: "import type { Other } from './other-type.ts';\nexport type Mine = Other;\n",
  },
  {
    rule: 'eslint(no-console)',
    what: 'console outside of the command line',
    file: 'src/daemon/console',
    bad: "export const say = (): void => console.log('x');\n",
    good: "export const say = (): unknown => process.stdout.write('x');\n",
  },
  {
    rule: 'eslint(no-unused-vars)',
    what: 'an unused variable',
    file: 'src/lib/unused',
    bad: 'const a = 1;\nexport {};\n',
    good: 'export const a = 1;\n',
  },
];

let folder: string;

const write = (file: string, text: string): void => {
  fs.mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
  fs.writeFileSync(path.join(folder, file), text);
};

/** What the linter says about the folder, as "<file> <rule>". */
function lint(config: string): string[] {
  const args = [LINTER, '-c', config, '-f', 'json'];
  const result = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  const report = JSON.parse(result.stdout) as { diagnostics: { filename: string; code: string }[] };
  return report.diagnostics.map(({ filename, code }) => `${filename} ${code}`);
}

const badPath = (tooth: Tooth): string => `${tooth.file}.ts`;
// The good twin has the same suffix, because reducers, deciders and tests are known by theirs.
const goodPath = ({ file }: Tooth): string =>
  `${path.posix.dirname(file)}/good-${path.posix.basename(file)}.ts`;

describe('the linter', () => {
  let found: ReadonlySet<string>;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-lint-'));
    for (const name of ['.oxlintrc.json', 'package.json', 'tsconfig.json']) {
      fs.copyFileSync(path.join(ROOT, name), path.join(folder, name));
    }
    write(
      'src/lib/ring-other.ts',
      "import type { Ring } from './ring.ts';\nexport type Other = Ring;\n",
    );
    write('src/lib/other-type.ts', 'export type Other = 1;\n');
    for (const name of ['lib', 'bus', 'ledger', 'llm', 'tasks', 'protocol']) {
      write(`src/${name}/other.ts`, 'export const other = 1;\n');
    }
    for (const tooth of TEETH) {
      write(badPath(tooth), tooth.bad);
      write(goodPath(tooth), tooth.good);
    }
    write('src/lib/camelCase.ts', 'export const one = 1;\n');
    write('src/tasks/type-beside.ts', importing('#llm/other.ts', 'type'));
    write('src/cli/console.ts', "export const say = (): void => console.log('x');\n");
    found = new Set(lint('.oxlintrc.json'));
  });

  after(() => fs.rmSync(folder, { recursive: true }));

  for (const tooth of TEETH) {
    it(`refuses ${tooth.what}`, () => {
      assert.ok(found.has(`${badPath(tooth)} ${tooth.rule}`), [...found].join('\n'));
      assert.ok(!found.has(`${goodPath(tooth)} ${tooth.rule}`), 'and nothing else');
    });
  }

  it('refuses a name in camel case', () => {
    assert.ok(found.has('src/lib/camelCase.ts unicorn(filename-case)'));
  });

  it('allows types from beside, and console in the command line', () => {
    const files = [...found].map((finding) => finding.split(' ')[0]);
    assert.ok(!files.includes('src/tasks/type-beside.ts'));
    assert.ok(!files.includes('src/cli/console.ts'));
  });

  it('says none of this without our rules', () => {
    write('bare.json', JSON.stringify({ categories: { correctness: 'off' } }));
    assert.deepEqual(lint('bare.json'), []);
  });
});
