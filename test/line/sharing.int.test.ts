/** Missions that share a repository, a home or their paths; and repositories that move or go away. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openTemp, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import {
  openHome,
  WITHOUT_WALLS,
  told,
  until,
  type Ended,
  type SkeinHome,
} from '../support/run-skein.ts';

const run = (skein: SkeinHome, top: string, ...flags: readonly string[]): Promise<Ended> =>
  skein.run('run', RENAME, '--repo', top, '--check', CHECK, ...flags);

/** The spaces that the missions of a home lie in. */
async function spacesOf(skein: SkeinHome): Promise<string[]> {
  const { stdout } = await skein.run('missions', '--json');
  const lines = stdout.trim().split('\n');
  return lines.map((line) => (JSON.parse(line) as { space: string }).space);
}

async function assertWhole(skein: SkeinHome): Promise<void> {
  const verified = await skein.run('verify');
  assert.equal(verified.code, 0, told(verified));
}

/** A mission that is stopped in the middle of its work: after the edits, in its last check. */
async function stoppedMission(skein: SkeinHome, { top, folder }: TempRepository): Promise<void> {
  const [at, gate] = [join(folder, 'at'), join(folder, 'gate')];
  const wait = `touch ${at}; until test -e ${gate}; do sleep 0.05; done`;
  const check = `grep -q greet src/greet.ts && exit 0; ${wait}`;
  const running = skein.start(['run', RENAME, '--repo', top, '--yes', '--check', check]);
  await until('the change is checked', () => existsSync(at));
  running.child.kill('SIGINT');
  assert.equal((await running.ended).code, 130);
  writeFileSync(gate, '');
}

describe('one repository', { concurrency: 2 }, () => {
  it('that is new gets one record, however many goals come at once', async () => {
    const skein = openHome(WITHOUT_WALLS);
    const { top, git } = greeterRepository();
    const calls = await Promise.all([1, 2, 3].map(() => run(skein, top)));
    for (const call of calls) assert.equal(call.code, 8, told(call));
    assert.equal(new Set(await spacesOf(skein)).size, 1);
    const { stdout } = await skein.run('missions', '--json');
    for (const line of stdout.trim().split('\n')) {
      const done = await skein.run('approve', (JSON.parse(line) as { id: string }).id);
      assert.equal(done.code, 0, told(done));
    }
    const branches = git('for-each-ref', '--format=%(refname)', 'refs/heads/skein/').trim();
    assert.equal(branches.split('\n').length, 3);
    await assertWhole(skein);
  });

  it('may be worked on from two homes: neither takes the heads of the other for its own', async () => {
    const [one, two] = [openHome(WITHOUT_WALLS), openHome(WITHOUT_WALLS)];
    const { top } = greeterRepository();
    for (const skein of [one, two, one]) {
      const done = await run(skein, top, '--yes');
      assert.equal(done.code, 0, told(done));
    }
    await assertWhole(one);
    await assertWhole(two);
  });

  it('has a twin: a head of its own that the record does not hold is a finding', async () => {
    const skein = openHome(WITHOUT_WALLS);
    const { top, git } = greeterRepository();
    await run(skein, top, '--yes');
    const [space] = await spacesOf(skein);
    const trailers = [`Skein-Space: ${space}`, `Skein-Head: ${'a'.repeat(32)}:7:${'b'.repeat(64)}`];
    git('commit', '--allow-empty', '--message', `Forged\n\n${trailers.join('\n')}\n`);
    const verified = await skein.run('verify');
    assert.equal(verified.code, 1, told(verified));
    assert.match(verified.stdout, /tail-cut|anchor/);
  });
});

describe('a copy, a move, a loss', { concurrency: 2 }, () => {
  it('a copy of a repository gets a record of its own, and missions stay where they began', async () => {
    const skein = openHome(WITHOUT_WALLS);
    const { top, folder, git } = greeterRepository();
    assert.equal((await run(skein, top)).code, 8);
    const copy = join(folder, 'copy');
    cpSync(top, copy, { recursive: true });
    assert.equal((await run(skein, copy, '--yes')).code, 0);
    const spaces = await spacesOf(skein);
    assert.equal(new Set(spaces).size, 2);
    const { stdout } = await skein.run('missions', '--json');
    const { id } = JSON.parse(stdout.split('\n')[0] ?? '') as { id: string };
    const done = await skein.run('approve', id);
    assert.equal(done.code, 0, told(done));
    assert.match(git('branch', '--list', 'skein/*'), new RegExp(id, 'u'));
    assert.doesNotMatch(openTemp(folder, copy).git('branch', '--list'), new RegExp(id, 'u'));
    await assertWhole(skein);
  });

  it('a moved repository keeps its record', async () => {
    const skein = openHome(WITHOUT_WALLS);
    const { top } = greeterRepository();
    assert.equal((await run(skein, top, '--yes')).code, 0);
    renameSync(top, `${top}-moved`);
    assert.equal((await run(skein, `${top}-moved`, '--yes')).code, 0);
    assert.equal(new Set(await spacesOf(skein)).size, 1);
    await assertWhole(skein);
  });

  it('a repository that is gone: an approval says so, a rejection and clean still work', async () => {
    const skein = openHome(WITHOUT_WALLS);
    const { top } = greeterRepository();
    assert.equal((await run(skein, top)).code, 8);
    renameSync(top, `${top}-gone`);
    const refused = await skein.run('approve');
    assert.equal(refused.code, 3, told(refused));
    assert.match(refused.stderr, /not at .* any more[^]*If you moved it/);
    const rejected = await skein.run('reject');
    assert.equal(rejected.code, 0, told(rejected));
    assert.equal((await skein.run('clean')).code, 0);
    assert.deepEqual(readdirSync(join(skein.home, 'worktrees')), []);
    await assertWhole(skein);
  });

  it('a worktree that is gone: the mission fails with an error of its own', async () => {
    const skein = openHome(WITHOUT_WALLS);
    assert.equal((await run(skein, greeterRepository().top)).code, 8);
    rmSync(join(skein.home, 'worktrees'), { recursive: true });
    const refused = await skein.run('approve');
    assert.equal(refused.code, 1, told(refused));
    assert.match(refused.stderr, /removed its worktree/);
  });
});

describe('a lease does not outlive the work on it', { concurrency: 2 }, () => {
  it('an interrupted mission gives its paths back, and takes them again', async () => {
    const skein = openHome(WITHOUT_WALLS);
    const repository = greeterRepository();
    await stoppedMission(skein, repository);
    const other = await run(skein, repository.top, '--yes');
    assert.equal(other.code, 0, told(other));
    const { stdout } = await skein.run('missions', '--json');
    const { id } = JSON.parse(stdout.split('\n')[0] ?? '') as { id: string };
    const resumed = await skein.run('resume', id);
    assert.equal(resumed.code, 0, told(resumed));
    await assertWhole(skein);
  });

  it('so does a cancelled one; what it wrote is kept until "clean"', async () => {
    const skein = openHome(WITHOUT_WALLS);
    const repository = greeterRepository();
    await stoppedMission(skein, repository);
    const cancelled = await skein.run('cancel');
    assert.equal(cancelled.code, 0, told(cancelled));
    assert.equal(readdirSync(join(skein.home, 'worktrees')).length, 1);
    assert.equal((await run(skein, repository.top, '--yes')).code, 0);
    await skein.run('clean');
    assert.deepEqual(readdirSync(join(skein.home, 'worktrees')), []);
  });
});
