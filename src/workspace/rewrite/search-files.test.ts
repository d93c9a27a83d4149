/** Searches: texts in any file, patterns in code, how often, and mistakes in patterns. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { tempFolder } from '#workspace/fixtures/temp-repository.ts';
import { type FoundFile, searchFiles, type SearchRequest } from './search-files.ts';

const FILES = {
  'a.ts': 'f(1); f(2); // f(3)\n',
  'b.md': 'f(1) and f(1)\n',
  'c.js': 'g("f(1)")\n',
};

function search(
  what: SearchRequest['what'],
  more: Partial<SearchRequest> = {},
): Promise<readonly FoundFile[]> {
  const root = tempFolder();
  for (const [file, content] of Object.entries(FILES)) {
    fs.writeFileSync(path.join(root, file), content);
  }
  return searchFiles({ root, files: Object.keys(FILES), what, ...more });
}

describe('a search', () => {
  it('finds a text wherever it stands', async () => {
    assert.deepEqual(await search({ text: 'f(1)' }), [
      { path: 'a.ts', places: 1 },
      { path: 'b.md', places: 2 },
      { path: 'c.js', places: 1 },
    ]);
    assert.deepEqual(await search({ text: 'F(1)' }), []);
  });

  it('finds a pattern in code only', async () => {
    assert.deepEqual(await search({ pattern: 'f($A)' }), [{ path: 'a.ts', places: 2 }]);
    assert.deepEqual(await search({ pattern: 'f($A)' }, { files: ['b.md'] }), []);
  });

  it('looks at what earlier steps have made', async () => {
    const contents = new Map([['c.js', Buffer.from('f(0)')]]);
    const found = await search({ pattern: 'f($A)' }, { contents, files: ['c.js'] });
    assert.deepEqual(found, [{ path: 'c.js', places: 1 }]);
  });

  it('refuses a pattern that is no code, and stops when it is told to', async () => {
    await assert.rejects(search({ pattern: 'f($A' }), { name: 'pattern-invalid' });
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(search({ text: 'a' }, { signal }), /enough/u);
  });
});
