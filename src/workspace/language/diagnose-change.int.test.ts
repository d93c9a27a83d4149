/** New type errors of a change: only those, in every file, also in files that are not edited. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { makeRepository } from '#workspace/language/testing/rename-repository.ts';
import { diagnoseChange, subtract } from './diagnose-change.ts';

const CONFIGS = {
  7: '{"compilerOptions":{"strict":true,"module":"nodenext","types":[]},"include":["src"]}',
  6: '{"compilerOptions":{"strict":true,"baseUrl":".","module":"commonjs","moduleResolution":"node","ignoreDeprecations":"6.0","types":[]},"include":["src"]}',
};

for (const engine of [7, 6] as const) {
  describe(`diagnoseChange with TypeScript ${engine}`, () => {
    it('reports what the change breaks elsewhere, and nothing that was broken before', async () => {
      const repository = makeRepository({
        'package.json': '{"type":"commonjs"}',
        'tsconfig.json': CONFIGS[engine],
        'src/a.ts': 'export const a = 1;\nexport const old: string = a;\n',
        'src/b.ts': "import { a } from './a';\nexport const n: number = a;\n",
        'tests/c.ts': "import { a } from '../src/a';\nexport const n: number = a;\n",
      });
      const change = (text: string) => ({
        ...repository,
        edits: [{ path: 'src/a.ts', after: Buffer.from(text) }],
        from: 'a',
        to: 'z',
      });
      try {
        const same = await diagnoseChange(
          change('// moved\nexport const a = 1;\nexport const old: string = a;\n'),
        );
        assert.deepEqual(same, []);
        const broken = await diagnoseChange(
          change("export const a = 'x';\nexport const old: string = a;\n"),
        );
        assert.deepEqual(
          broken.map((each) => `${each.path}:${each.line}:${each.column} ${each.code}`),
          ['src/b.ts:2:14 2322', 'tests/c.ts:2:14 2322'],
        );
      } finally {
        repository.dispose();
      }
    });

    it('says the same when the edits are on the disk, if it is told what was there', async () => {
      const base = {
        'src/a.ts': 'export const a = 1;\nexport const old: string = a;\n',
        'src/b.ts': "import { a } from './a';\nexport const n: number = a;\n",
        'tests/c.ts': "import { a } from '../src/a';\nexport const n: number = a;\n",
      };
      const after = {
        'src/a.ts': "export const z = 'x';\nexport const old: string = 1;\n",
        'tests/c.ts': "import { z } from '../src/a';\nexport const n: number = z;\n",
      };
      const repository = makeRepository({
        'package.json': '{"type":"commonjs"}',
        'tsconfig.json': CONFIGS[engine],
        ...base,
      });
      const diagnose = async (told: boolean): Promise<readonly string[]> => {
        const edits = Object.entries(after).map(([path, text]) => ({
          path,
          after: Buffer.from(text),
          ...(told ? { before: Buffer.from(base[path as keyof typeof after]) } : {}),
        }));
        const found = await diagnoseChange({ ...repository, edits, from: 'a', to: 'z' });
        return found.map((each) => `${each.path}:${each.line}:${each.column} ${each.code}`);
      };
      // src/b.ts still asks for `a`; the wrong `old` was wrong before
      const expected = ['src/b.ts:1:10 2305', 'tests/c.ts:2:14 2322'];
      try {
        assert.deepEqual(await diagnose(false), expected);
        assert.deepEqual(await diagnose(true), expected);
        for (const [path, text] of Object.entries(after)) {
          writeFileSync(join(repository.root, path), text);
        }
        assert.deepEqual(await diagnose(true), expected);
        // the twin: untold, it takes what is on the disk for the base, and nothing is new
        assert.deepEqual(await diagnose(false), []);
      } finally {
        repository.dispose();
      }
    });
  });
}

describe('subtract', () => {
  const error = (message: string, line: number) => ({
    path: 'a.ts',
    line,
    column: 1,
    code: 1,
    message,
  });

  it('counts equal errors, ignores lines, and takes both names for one', () => {
    const before = [error("Cannot find 'a'.", 1)];
    const names = { from: 'a', to: 'b' };
    assert.deepEqual(subtract([error("Cannot find 'b'.", 9)], before, names), []);
    assert.equal(subtract([error("Cannot find 'c'.", 9)], before, names).length, 1);
    const twice = [error("Cannot find 'b'.", 9), error("Cannot find 'b'.", 10)];
    assert.deepEqual(subtract(twice, before, names), [twice[1]]);
    assert.equal(subtract([error("Cannot find 'b'.", 9)], before, {}).length, 1);
  });

  it('takes the parts of a long type in another order for the same error', () => {
    const parts = ['{ input: string; output: number }', '{ transformer: boolean; shape: string }'];
    const said = (name: string, types: readonly string[]) =>
      error(`Property '${name}' does not exist on type '${types.join(' | ')}'.`, 1);
    const before = [said('x', parts)];
    assert.deepEqual(subtract([said('x', parts.toReversed())], before, {}), []);
    assert.equal(subtract([said('y', parts.toReversed())], before, {}).length, 1);
    const twice = [said('x', parts.toReversed()), said('x', parts.toReversed())];
    assert.equal(subtract(twice, before, {}).length, 1);
  });
});
