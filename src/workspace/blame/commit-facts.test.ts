/** What a git commit says of itself, and of the missions whose messages were taken into its own. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openTemp, tempRepository } from '../fixtures/temp-repository.ts';
import { findCommit, hasSkeinBefore, readClaims, readCommit } from './commit-facts.ts';

const trailers = (mission: string, indent = ''): string =>
  [`Skein-Mission: ${mission}`, 'Skein-Space: space', `Skein-Head: ${mission}:1:f`]
    .map((line) => `${indent}${line}`)
    .join('\n');

describe('the missions that a message names', () => {
  it('are those of its trailers', () => {
    const message = `Rename\n\nGoal: rename\n\n${trailers('m1')}\n(cherry picked from commit 1)\n`;
    assert.deepEqual(readClaims(message), [{ mission: 'm1', space: 'space', inPlace: true }]);
  });

  it('are also those of messages that were taken into it', () => {
    const squashed = `Squash\n\ncommit 1\n\n    First\n\n${trailers('m1', '    ')}\n\ncommit 2\n\n${trailers('m2', '    ')}\n`;
    assert.deepEqual(
      readClaims(squashed).map(({ mission, inPlace }) => [mission, inPlace]),
      [
        ['m1', false],
        ['m2', false],
      ],
    );
    const joined = `First\n\n${trailers('m1')}\n\nSecond\n\n${trailers('m2')}\n`;
    assert.deepEqual(
      readClaims(joined).map(({ inPlace }) => inPlace),
      [false, true],
    );
  });

  it('are none without a record, in prose, or in a message without end', () => {
    assert.deepEqual(readClaims('Skein-Mission: m1'), []);
    assert.deepEqual(readClaims('The Skein-Mission: m1 of Skein-Space: space'), []);
    assert.deepEqual(readClaims('Skein-Space: space'), []);
    assert.equal(readClaims(`${trailers('m')}\n`.repeat(1_000)).length, 20);
  });
});

describe('a git commit', () => {
  it('is told with its author, its message and its branches', async () => {
    const { top, git, write, commit } = tempRepository();
    git('branch', 'side');
    write('a.txt', 'two\n');
    const id = commit(`Subject\n\nBody\n\n${trailers('m1')}`);
    const facts = await readCommit({ top, commonDir: join(top, '.git') }, id);
    const { author, summary, branches, claims, cut } = facts;
    assert.equal(facts.commit, id);
    assert.deepEqual(author, { name: 'Ada', email: 'ada@example.com' });
    assert.deepEqual([summary, branches, cut], ['Subject', ['main'], false]);
    assert.equal(claims[0]?.mission, 'm1');
    assert.match(facts.authoredAt, /^\d{4}-\d\d-\d\dT/u);
  });

  it('is known to be the end of a shallow clone only', async () => {
    const { folder, top, git, write, commit } = tempRepository();
    write('a.txt', 'two\n');
    const id = commit();
    const clone = join(folder, 'clone');
    git('clone', '--quiet', '--depth=1', `file://${top}`, clone);
    const { cut } = await readCommit({ top: clone, commonDir: join(clone, '.git') }, id);
    assert.equal(cut, true);
    assert.equal(openTemp(folder, clone).git('rev-list', '--count', 'HEAD').trim(), '1');
  });

  it('is known to come after Skein or before it', async () => {
    const { top, write, commit, git } = tempRepository();
    const first = git('rev-parse', 'HEAD').trim();
    write('a.txt', 'two\n');
    const second = commit(`Change\n\n${trailers('m1')}`);
    write('a.txt', 'three\n');
    const third = commit();
    const found = await Promise.all([first, second, third].map((id) => hasSkeinBefore(top, id)));
    assert.deepEqual(found, [false, true, true]);
  });

  it('is found by any name, and by nothing else', async () => {
    const { top, git } = tempRepository();
    const head = git('rev-parse', 'HEAD').trim();
    git('tag', '--annotate', '--message', 'one', 'v1');
    for (const name of ['HEAD', 'main', 'v1', head.slice(0, 8)]) {
      assert.equal(await findCommit(top, name), head, name);
    }
    for (const name of ['', 'none', '--all', 'HEAD:a.txt', 'HEAD^{tree}', 'HEAD HEAD', '-h']) {
      assert.equal(await findCommit(top, name), undefined, name);
    }
  });
});
