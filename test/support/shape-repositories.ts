/**
 * Small projects of the shapes that real repositories have, each with its own type check or tests
 * as scripts of package.json, a rename, and the files that a right one changes.
 */

/** A project and what becomes of it. `links` are symbolic links in node_modules. */
export interface Shape {
  readonly name: string;
  readonly goal: string;
  readonly engine: RegExp;
  readonly files: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly changed: readonly string[];
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const IGNORED = 'node_modules\ndist\n*.tsbuildinfo\n';

const STRICT = { target: 'es2022', strict: true, types: ['node'], skipLibCheck: true };

const NODE_NEXT = {
  ...STRICT,
  module: 'nodenext',
  allowImportingTsExtensions: true,
  noEmit: true,
};

const npmWorkspace: Shape = {
  name: 'an npm workspace',
  goal: 'rename area to surface',
  engine: /typescript-7/,
  files: {
    '.gitignore': IGNORED,
    'package.json': json({
      private: true,
      type: 'module',
      workspaces: ['packages/*'],
      scripts: { typecheck: 'tsc -p .', test: 'node --test' },
    }),
    'tsconfig.json': json({ compilerOptions: NODE_NEXT, include: ['packages'] }),
    'packages/shapes/package.json': json({
      name: '@acme/shapes',
      type: 'module',
      exports: './src/index.ts',
    }),
    'packages/shapes/src/index.ts': "export * from './area.ts';\n",
    'packages/shapes/src/area.ts':
      '/** The area of a square. */\nexport const area = (side: number): number => side * side;\n',
    'packages/report/package.json': json({ name: '@acme/report', type: 'module' }),
    'packages/report/src/report.ts':
      "import { area } from '@acme/shapes';\n\nexport const report = (side: number) => ({ area: area(side), text: `area ${area(side)}` });\n",
    'packages/report/test/report.test.ts':
      "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport * as shapes from '@acme/shapes';\nimport { report } from '../src/report.ts';\n\ntest('area', () => assert.deepEqual(report(2), { area: shapes.area(2), text: 'area 4' }));\n",
    'scripts/print.ts': "import { area } from '@acme/shapes';\n\nconsole.log(area(3));\n",
  },
  links: {
    '@acme/shapes': '../../packages/shapes',
    '@acme/report': '../../packages/report',
  },
  changed: [
    'packages/report/src/report.ts',
    'packages/report/test/report.test.ts',
    'packages/shapes/src/area.ts',
    'scripts/print.ts',
  ],
};

const baseUrl: Shape = {
  name: 'baseUrl and paths, which TypeScript 7 removed',
  goal: 'rename parsePrice to readPrice',
  engine: /typescript-6/,
  files: {
    '.gitignore': IGNORED,
    'package.json': json({
      private: true,
      scripts: { typecheck: 'node node_modules/@typescript/typescript6/lib/tsc.js -p .' },
    }),
    'tsconfig.json': json({
      compilerOptions: {
        ...STRICT,
        module: 'esnext',
        moduleResolution: 'bundler',
        ignoreDeprecations: '6.0',
        baseUrl: 'src',
        paths: { '@shop/*': ['shop/*'] },
        noEmit: true,
      },
    }),
    'src/money/price.ts':
      'export function parsePrice(text: string): number {\n  return Number(text);\n}\n',
    'src/money/index.ts': "export { parsePrice } from 'money/price';\n",
    'src/shop/cart.ts':
      "import { parsePrice } from 'money';\n\nexport const sum = (all: string[]) => all.map(parsePrice);\n",
    'src/main.ts':
      "import { parsePrice as parse } from 'money/price';\nimport { sum } from '@shop/cart';\n\nconsole.log(parse('1'), sum(['2']));\n",
  },
  changed: ['src/main.ts', 'src/money/index.ts', 'src/money/price.ts', 'src/shop/cart.ts'],
};

const commonJs: Shape = {
  name: 'CommonJS JavaScript without a configuration',
  goal: 'rename slugify to toSlug',
  engine: /typescript/,
  files: {
    '.gitignore': IGNORED,
    'package.json': json({ private: true, main: 'lib/index.js', scripts: { test: 'node --test' } }),
    'lib/slug.js':
      "'use strict';\n\nfunction slugify(text) {\n  return text.toLowerCase().replace(/ /g, '-');\n}\n\nmodule.exports = { slugify };\n",
    'lib/index.js':
      "'use strict';\n\nconst { slugify } = require('./slug');\n\nexports.slugify = slugify;\nexports.title = (text) => ({ text, slug: slugify(text) });\n",
    'lib/page.js':
      "'use strict';\n\nconst slug = require('./slug.js');\n\nmodule.exports = (text) => `/${slug.slugify(text)}`;\n",
    'test/slug.test.js':
      "'use strict';\n\nconst assert = require('node:assert/strict');\nconst { test } = require('node:test');\nconst lib = require('..');\nconst page = require('../lib/page');\n\ntest('slugify', () => {\n  assert.equal(lib.slugify('A b'), 'a-b');\n  assert.equal(lib.title('A b').slug, 'a-b');\n  assert.equal(page('A b'), '/a-b');\n});\n",
  },
  changed: ['lib/index.js', 'lib/page.js', 'lib/slug.js', 'test/slug.test.js'],
};

const esModules: Shape = {
  name: 'ES modules with re-exports, namespaces and dynamic imports',
  goal: 'rename parse to parseLine',
  engine: /typescript-7/,
  files: {
    '.gitignore': IGNORED,
    'package.json': json({
      private: true,
      type: 'module',
      scripts: { typecheck: 'tsc -p .', test: 'node --test' },
    }),
    'tsconfig.json': json({ compilerOptions: { ...NODE_NEXT, allowJs: true } }),
    'src/parse.ts':
      'export interface Line {\n  readonly words: readonly string[];\n}\n\nexport function parse(text: string): Line {\n  return { words: text.split(/\\s+/u) };\n}\n\nexport default parse;\n',
    'src/index.ts':
      "export { parse, parse as read } from './parse.ts';\nexport * as all from './parse.ts';\n",
    'src/tools.mjs': "import { parse } from './parse.ts';\n\nexport const tools = { parse };\n",
    'src/late.ts':
      "export async function late(text: string): Promise<number> {\n  const { parse } = await import('./parse.ts');\n  return parse(text).words.length + JSON.parse('0');\n}\n",
    'test/parse.test.ts':
      "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport first, { type Line } from '../src/parse.ts';\nimport { all, parse, read } from '../src/index.ts';\nimport { late } from '../src/late.ts';\nimport { tools } from '../src/tools.mjs';\n\ntest('parse', async () => {\n  const line: Line = parse('a b');\n  assert.deepEqual(line, read('a b'));\n  assert.equal(await late('a b'), 2);\n  assert.equal(tools.parse, parse);\n  assert.equal(all.parse, first);\n});\n",
  },
  changed: ['src/index.ts', 'src/late.ts', 'src/parse.ts', 'src/tools.mjs', 'test/parse.test.ts'],
};

const composite = (references: readonly string[]): string =>
  json({
    compilerOptions: {
      ...STRICT,
      module: 'nodenext',
      composite: true,
      rootDir: 'src',
      outDir: 'dist',
    },
    include: ['src'],
    references: references.map((path) => ({ path })),
  });

const projectReferences: Shape = {
  name: 'project references',
  goal: 'rename Account to Ledger',
  engine: /typescript-7/,
  files: {
    '.gitignore': IGNORED,
    'package.json': json({
      private: true,
      type: 'module',
      scripts: { typecheck: 'tsc -b', test: 'tsc -b && node app/dist/main.js' },
    }),
    'tsconfig.json': json({ files: [], references: [{ path: 'core' }, { path: 'app' }] }),
    'core/tsconfig.json': composite([]),
    'core/src/account.ts':
      'export class Account {\n  balance = 0;\n}\n\nexport type Accounts = readonly Account[];\n',
    'app/tsconfig.json': composite(['../core']),
    'app/src/bank.ts':
      "import { Account, type Accounts } from '../../core/dist/account.js';\n\nexport const open = (): Account => new Account();\nexport const none: Accounts = [];\n",
    'app/src/main.ts':
      "import type { Account } from '../../core/dist/account.js';\nimport { open } from './bank.js';\n\nconst account: Account = open();\nif (account.balance !== 0) throw new Error('Account');\n",
  },
  changed: ['app/src/bank.ts', 'app/src/main.ts', 'core/src/account.ts'],
};

/** All shapes. */
export const SHAPES: readonly Shape[] = [
  npmWorkspace,
  baseUrl,
  commonJs,
  esModules,
  projectReferences,
];
