/** The scout's look: every place of the old name that the plan does not account for, and no other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { findUnexplained } from './find-unexplained.ts';
import type { Place } from './language.ts';

interface Explained {
  readonly edited?: readonly string[];
  readonly listed?: readonly Place[];
}

/** The places as `path:line:column`. */
async function look(
  { top, git }: TempRepository,
  name: string,
  { edited = [], listed = [] }: Explained = {},
): Promise<string[]> {
  const files = git('ls-files', '-z').split('\0').filter(Boolean);
  const found = await findUnexplained({ root: top, files, name, explained: { edited, listed } });
  return found.map(({ path, line, column }) => `${path}:${line}:${column}`);
}

const CODE = "import { total } from './total.ts';\nexport const x = total;\n";

describe('findUnexplained', () => {
  it('finds the import and the uses of a file that is left open', async () => {
    const repository = tempRepository({ 'a.ts': CODE, 'b.ts': CODE, 'total.ts': '// total\n' });
    const listed = [
      { path: 'b.ts', line: 1, column: 26 },
      { path: 'total.ts', line: 1, column: 4 },
    ];
    const found = await look(repository, 'total', { edited: ['a.ts'], listed });
    assert.deepEqual(found, ['b.ts:1:10', 'b.ts:2:18']);
    // With nothing explained all of it is found.
    assert.equal((await look(repository, 'total')).length, 7);
  });

  it('looks at the files as they are now', async () => {
    const repository = tempRepository({ 'a.ts': CODE });
    repository.write('a.ts', 'export const sum = 1;\n');
    assert.deepEqual(await look(repository, 'total'), []);
    repository.write('a.ts', '\r\n export const total = 1;\r\n');
    assert.deepEqual(await look(repository, 'total'), ['a.ts:2:15']);
  });

  it('takes whole words only, of any script, and gives the line they stand on', async () => {
    const repository = tempRepository({
      'a.md': 'totals $total total$ étotal _total\n',
      'b.md': '  «total» (total), größe\n',
    });
    assert.deepEqual(await look(repository, 'total'), ['b.md:1:4', 'b.md:1:12']);
    assert.deepEqual(await look(repository, '$total'), ['a.md:1:8']);
    assert.deepEqual(await look(repository, 'größe'), ['b.md:1:20']);
    const { top } = repository;
    const explained = { edited: [], listed: [] };
    const [first] = await findUnexplained({ root: top, files: ['b.md'], name: 'total', explained });
    assert.equal(first?.preview, '«total» (total), größe');
  });

  it('knows only what it is told of, and nothing that is not text', async () => {
    const repository = tempRepository({
      'a.ts': CODE,
      'b.bin': Buffer.from('total\0total'),
      '.gitattributes': '*.ts -diff\n',
    });
    repository.write('new.ts', CODE);
    assert.deepEqual(await look(repository, 'total'), ['a.ts:1:10', 'a.ts:1:26', 'a.ts:2:18']);
    const explained = { edited: [], listed: [] };
    const none = await findUnexplained({
      root: repository.top,
      files: [],
      name: 'total',
      explained,
    });
    assert.deepEqual(none, []);
  });

  it('stops at a thousand places', async () => {
    const repository = tempRepository({ 'a.txt': 'total\n'.repeat(1_200) });
    assert.equal((await look(repository, 'total')).length, 1_000);
  });
});
