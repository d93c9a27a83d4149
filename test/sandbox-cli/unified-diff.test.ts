/** What git makes of a diff is the new content, for every shape of change. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeRandom } from '../support/seeded-random.ts';
import { unifiedDiff, type FileChange } from '#daemon/sandbox/unified-diff.ts';

const bytes = (text: string | null): Uint8Array | null =>
  text === null ? null : Buffer.from(text);

const CASES: readonly (readonly [string, string | null, string | null])[] = [
  ['added.txt', null, 'one\ntwo\n'],
  ['empty.txt', null, ''],
  ['deleted.txt', 'one\ntwo', null],
  ['far/apart.txt', `a\n${'x\n'.repeat(20)}b\n`, `A\n${'x\n'.repeat(20)}B\n`],
  ['near.txt', 'a\nx\nx\nb\n', 'A\nx\nx\nB\n'],
  ['no newline.txt', 'a\nb', 'a\nb\nc'],
  ['gets-newline.txt', 'a\nb', 'a\nb\n'],
  ['odd "name".txt', '1\n', '2\n'],
  ['all.txt', 'o\n'.repeat(900), 'n\n'.repeat(900)],
];

describe('a unified diff', () => {
  let folder = '';
  before(() => (folder = mkdtempSync(join(tmpdir(), 'skein-diff-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** What git makes of the old files with the diff. */
  const applied = (changes: readonly FileChange[]): (string | null)[] => {
    const at = mkdtempSync(join(folder, 'tree-'));
    for (const { path, before: old } of changes) {
      mkdirSync(join(at, dirname(path)), { recursive: true });
      if (old !== null) writeFileSync(join(at, path), old);
    }
    execFileSync('git', ['apply', '--whitespace=nowarn', '-'], {
      cwd: at,
      input: unifiedDiff(changes),
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    return changes.map(({ path }) =>
      existsSync(join(at, path)) ? readFileSync(join(at, path), 'utf8') : null,
    );
  };

  for (const [path, old, fresh] of CASES) {
    it(`is what git makes the new content of ${path} from`, () => {
      assert.deepEqual(applied([{ path, before: bytes(old), after: bytes(fresh) }]), [fresh]);
    });
  }

  it('holds for any lines', () => {
    const random = makeRandom(7);
    const lines = (): string =>
      Array.from({ length: random.below(40) }, () => `${random.below(4)}\n`).join('');
    const changes = Array.from({ length: 60 }, (_, index) => {
      const [old, fresh] = [`${lines()}end\n`, `${lines()}end\n`];
      return { path: `f${index}`, before: bytes(old), after: bytes(fresh), fresh };
    }).filter((each) => !Buffer.from(each.before ?? []).equals(Buffer.from(each.after ?? [])));
    assert.deepEqual(
      applied(changes),
      changes.map(({ fresh }) => fresh),
    );
  });

  it('says of what is no text that it differs, and stops when there is too much', () => {
    const binary = { path: 'b', before: Buffer.from([0, 1]), after: Buffer.from([0, 2]) };
    assert.match(unifiedDiff([binary]), /^Binary files a\/b and b\/b differ$/mu);
    const much = Buffer.from('x\n'.repeat(200_000));
    const all = ['1', '2', '3', '4'].map((path) => ({ path, before: null, after: much }));
    const text = unifiedDiff(all);
    assert.ok(text.length < 1_100_000 && text.endsWith('bytes.\n'));
  });

  it('takes no name of a file for a line of its own', () => {
    const path = 'a\n+++ b/other';
    const text = unifiedDiff([{ path, before: null, after: Buffer.from('x') }]);
    assert.equal(text.split('\n').filter((line) => line.startsWith('+++')).length, 1);
  });
});
