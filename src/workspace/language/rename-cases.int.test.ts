/**
 * Every case of `test/fixtures/renames`: small repositories of each shape (npm workspaces, project
 * references, `baseUrl`, ESM, CommonJS) and each kind of symbol. A result is compared byte by byte,
 * and the repository must pass its own check and print the same before and after. Under `open` are
 * those that leave a file to an alias: with the plain rename in it the repository must fail. Those
 * under `refused` are the protections: without one of them a wrong rename would be planned instead.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { type RenameCase, assertRename } from '#workspace/language/testing/rename-repository.ts';

const FOLDER = path.join(import.meta.dirname, '../../../test/fixtures/renames');

for (const group of ['modules', 'symbols', 'open', 'refused']) {
  describe(`rename: ${group}`, () => {
    const files = fs.readdirSync(path.join(FOLDER, group));
    it('has cases', () => assert.ok(files.length > 10));
    for (const file of files) {
      const text = fs.readFileSync(path.join(FOLDER, group, file), 'utf8');
      const rename = JSON.parse(text) as RenameCase;
      it(rename.title, () => assertRename(rename));
    }
  });
}
