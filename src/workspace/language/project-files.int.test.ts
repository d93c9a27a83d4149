/**
 * More files outside every project than may be opened one by one: they are grouped, and the rename
 * is the same as for few. Both engines, with and without a configuration at the root.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeRepository, planIn } from './testing/rename-repository.ts';

const CONFIGS = {
  none: undefined,
  'typescript-7': '{"compilerOptions":{"strict":true,"types":[]},"include":["src"]}',
  'typescript-6':
    '{"compilerOptions":{"baseUrl":".","module":"esnext","ignoreDeprecations":"6.0","types":[]},"include":["src"]}',
} as const;

function contents(config: string | undefined, count: number): Record<string, string> {
  const files: Record<string, string> = {
    'package.json': '{"type":"module"}',
    'src/store.ts': 'export class Store {\n  load(): number {\n    return 1;\n  }\n}\n',
  };
  if (config !== undefined) files['tsconfig.json'] = config;
  for (let at = 0; at < count; at += 1) {
    files[`test/t${at}.test.ts`] =
      "import { Store } from '../src/store.js';\nnew Store().load();\n({ load: 1 }).load;\n";
  }
  return files;
}

describe('files of no project', () => {
  for (const [name, config] of Object.entries(CONFIGS)) {
    for (const count of [3, 60]) {
      it(`are renamed in when there are ${count} (${name})`, async () => {
        const repository = makeRepository(contents(config, count));
        try {
          const plan = await planIn(repository, 'Store.load', 'read');
          assert.equal(plan.type, 'planned');
          if (plan.type !== 'planned') return;
          assert.equal(plan.engine, name === 'none' ? 'typescript-7' : name);
          assert.equal(plan.edits.length, count + 1);
          for (const edit of plan.edits.filter((each) => each.path.startsWith('test/'))) {
            const expected =
              "import { Store } from '../src/store.js';\nnew Store().read();\n({ load: 1 }).load;\n";
            assert.equal(edit.after.toString(), expected);
          }
        } finally {
          repository.dispose();
        }
      });
    }
  }
});
