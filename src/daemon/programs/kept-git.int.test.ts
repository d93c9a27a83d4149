/** A check that would have the next git outside take its settings from the check. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { JailBackend } from '#sandbox/jail/jail.ts';
import { JAIL_WAYS, openJail } from '#sandbox/jail/open-jail.ts';
import { runCheck } from '#workspace/checks/run-check.ts';
import { tempFolder, tempRepository } from '#workspace/fixtures/temp-repository.ts';
import { tempWorktree } from '#workspace/fixtures/temp-worktree.ts';
import { OPEN_HOST } from '#workspace/programs/open-host.ts';
import type { ProgramHost } from '#workspace/programs/program-host.ts';
import { findStray } from '#workspace/trees/stray-changes.ts';
import { makeJailHost } from './jail-host.ts';

/** In place of the pointer a folder of git, whose filter leaves a mark. */
const poison = (mark: string): string => `
  mv .git was || rm -f .git
  mkdir -p .git/objects .git/refs .git/info
  echo 'ref: refs/heads/main' > .git/HEAD
  printf '[core]\\n\\trepositoryformatversion = 0\\n[filter "x"]\\n\\tclean = touch ${mark}; cat\\n' > .git/config
  echo '* filter=x' > .git/info/attributes
  touch tried
`;

/** Runs it, then git as Skein does and as anybody would. */
async function attack(
  host: ProgramHost,
): Promise<{ readonly marked: boolean; readonly log: string }> {
  const { repository, worktree } = await tempWorktree(tempRepository());
  const mark = join(tempFolder(), 'mark');
  const check = { name: 'poison', command: poison(mark) };
  await runCheck({ cwd: worktree, check, startedAt: 0, host });
  assert.ok(existsSync(join(worktree, 'tried')), 'it had its turn');
  await findStray({ worktree, base: repository.head, explained: [] }).catch(() => undefined);
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: worktree,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  git('add', 'a.txt');
  return { marked: existsSync(mark), log: git('rev-parse', '--absolute-git-dir') };
}

for (const way of JAIL_WAYS) {
  const { jail, reports } = await openJail({ ways: [way] });
  const skip =
    jail === null ? `${way.mechanism}: ${reports[0]?.problem}. ${reports[0]?.fix}` : false;
  describe(`a .git that a check replaces, behind ${way.mechanism}`, { skip }, () => {
    it('is what it was when git looks at it', { timeout: 120_000 }, async () => {
      const options = { closed: { home: tempFolder(), folders: [] }, scratch: tempFolder() };
      const { marked, log } = await attack(makeJailHost({ ...options, jail: jail as JailBackend }));
      assert.equal(marked, false, 'no program of the check ran outside');
      assert.match(log, /\/worktrees\/work\n$/u);
    });
  });
}

describe('a .git that a check replaces without walls', () => {
  it('has its program run outside', { timeout: 120_000 }, async () => {
    assert.equal((await attack(OPEN_HOST)).marked, true);
  });
});
