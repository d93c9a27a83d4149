/** package.json, the lock file and all texts keep the rules of the house, and every rule bites. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import {
  findBrokenLinks,
  findLockProblems,
  findLooseVersions,
  findPrivatePlaces,
  findScriptChanges,
  findUnexplained,
} from './package-rules.ts';
import type { LockFile, PackageJson } from './package-rules.ts';
import { ROOT, listFiles, readSource } from './source-files.ts';

const BINARY = /\.(png|gif|db|gz|zst)$/;

const json = JSON.parse(readSource('package.json').text) as PackageJson;
const lock = JSON.parse(readSource('package-lock.json').text) as LockFile;
const reasons = readSource('docs/design/dependencies.md').text;

describe('package.json', () => {
  it('pins every dependency to one version', () => {
    assert.deepEqual(findLooseVersions(json), []);
    for (const version of ['^1.0.0', '1.x', 'latest', '>=2.0.0']) {
      assert.equal(findLooseVersions({ dependencies: { a: version } }).length, 1, version);
    }
  });

  it('has a reason for every dependency', () => {
    assert.deepEqual(findUnexplained(json, reasons), []);
    assert.equal(findUnexplained({ devDependencies: { left: '1.0.0' } }, '| `right` |').length, 1);
    assert.deepEqual(findUnexplained({ devDependencies: { left: '1.0.0' } }, '| `left` |'), []);
  });

  it('has the five scripts that a stranger knows', () => {
    assert.deepEqual(findScriptChanges(json), []);
    assert.equal(findScriptChanges({ scripts: { ...json.scripts, build: 'x' } }).length, 1);
    assert.equal(findScriptChanges({}).length, 5);
  });
});

describe('package-lock.json', () => {
  it('installs safely, everywhere, under a permissive licence', () => {
    assert.deepEqual(findLockProblems(lock), []);
  });

  it('is seen when it does not', () => {
    const sound = { version: '1.0.0', integrity: 'sha512-x', license: 'MIT' };
    const bad = [
      { ...sound, hasInstallScript: true },
      { ...sound, resolved: 'https://example.org/a.tgz' },
      { version: '1.0.0', license: 'MIT' },
      { ...sound, license: 'GPL-3.0' },
      { ...sound, optionalDependencies: { 'a-linux': '1.0.0' } },
    ];
    for (const entry of bad) {
      assert.equal(findLockProblems({ packages: { 'node_modules/a': entry } }).length, 1);
    }
    assert.deepEqual(findLockProblems({ packages: { '': {}, 'node_modules/a': sound } }), []);
  });
});

describe('the texts of the project', () => {
  it('name no registry and no place of one machine', () => {
    const files = listFiles('').filter((file) => !BINARY.test(file));
    assert.deepEqual(findPrivatePlaces(files.map((file) => readSource(file))), []);
  });

  it('are searched for both', () => {
    const places = [
      ['..', 'shared', 'x'],
      ['', 'work', 'main'],
      ['', 'root', 'x'],
    ];
    const texts = [...places.map((parts) => parts.join('/')), ['registry', 'npmjs.org'].join('.')];
    for (const text of texts) {
      assert.equal(findPrivatePlaces([{ path: 'a.md', text }]).length, 1, text);
    }
  });

  it('link to files that exist', () => {
    const exists = (file: string): boolean => fs.existsSync(path.join(ROOT, file));
    const documents = listFiles('').filter((file) => file.endsWith('.md'));
    assert.ok(documents.length > 5);
    const texts = documents.map((file) => readSource(file));
    assert.deepEqual(findBrokenLinks(texts, exists), []);
    const text = '[a](gone.md) [b](../b.md#part) [c](https://example.org) [d](#here)';
    assert.deepEqual(
      findBrokenLinks([{ path: 'docs/a.md', text }], (file) => file === 'b.md'),
      ['docs/a.md: gone.md does not exist'],
    );
  });
});
