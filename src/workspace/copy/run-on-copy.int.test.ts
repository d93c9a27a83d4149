/** Commands on a copy: what comes back as edits, what is refused, and that nothing stays behind. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sha256 } from '#lib/sha256.ts';
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { tempWorktree, type TempWorktree } from '#workspace/fixtures/temp-worktree.ts';
import { writeFileEdit } from '#workspace/file-edit.ts';
import { addWorktree } from '#workspace/git/worktree.ts';
import { listWorktrees } from '#workspace/git/worktree-files.ts';
import { assertCopyOutcome, type CopyOutcome, type CopyRequest, runOnCopy } from './run-on-copy.ts';

const FILES = {
  'a.txt': 'one\ntwo\nthree\n',
  'b.txt': 'one\n',
  'c/d.txt': 'one\n',
  '.gitignore': 'out\nnode_modules\n',
};

interface Trial extends TempWorktree {
  readonly temp: TempRepository;
  readonly run: (command: string, more?: Partial<CopyRequest>) => Promise<CopyOutcome>;
}

async function begin(temp = tempRepository(FILES)): Promise<Trial> {
  const tree = await tempWorktree(temp);
  const { repository, worktree } = tree;
  const run: Trial['run'] = async (command, more = {}) => {
    const before = readdirSync(temp.folder).filter((name) => name !== 'work.command');
    const outcome = await runOnCopy({
      repository,
      base: repository.head,
      worktree,
      written: [],
      copy: `${worktree}.command`,
      setup: undefined,
      command: { name: 'change', command },
      paths: ['a.txt', 'c/d.txt'],
      run: { startedAt: 1, scratch: temp.folder },
      ...more,
    }).finally(async () => {
      assert.deepEqual(readdirSync(temp.folder), before, 'the copy is gone');
      assert.equal((await listWorktrees(repository.top)).length, 2);
    });
    return outcome;
  };
  return { ...tree, temp, run };
}

const outsideOf = ({ outside }: CopyOutcome): readonly string[] =>
  outside.map(({ path, what }) => `${path} ${what}`);

describe('a command on a copy', () => {
  it('gives its changes as edits of the worktree, which stays as it was', async () => {
    const { run, worktree } = await begin();
    const outcome = await run(
      'sed -i.bak s/t/T/ a.txt && rm a.txt.bak && echo x > c/d.txt; echo hi',
    );
    assert.deepEqual(outcome.outside, []);
    assert.equal(outcome.result.output, 'hi\n');
    const [first, second] = outcome.edits;
    assert.equal(first?.path, 'a.txt');
    assert.equal(first?.after.toString(), 'one\nTwo\nThree\n');
    assert.deepEqual(
      [first?.baseHash, first?.afterHash, first?.changes],
      [sha256(FILES['a.txt']), sha256('one\nTwo\nThree\n'), 1],
    );
    assert.deepEqual([second?.path, second?.after.toString()], ['c/d.txt', 'x\n']);
    assert.equal(readFileSync(join(worktree, 'a.txt'), 'utf8'), FILES['a.txt']);
    assertCopyOutcome({ name: 'change', command: '' }, outcome);
    for (const edit of outcome.edits) await writeFileEdit({ root: worktree, ...edit });
    assert.equal(readFileSync(join(worktree, 'c/d.txt'), 'utf8'), 'x\n');
  });

  it('sees what the mission has written, and edits are made from that', async () => {
    const { run, inside } = await begin();
    inside.write('a.txt', 'ONE\n');
    const { edits } = await run('cat a.txt; echo more >> a.txt', { written: ['a.txt'] });
    assert.deepEqual(
      edits.map(({ baseHash, after }) => [baseHash, after.toString()]),
      [[sha256('ONE\n'), 'ONE\nmore\n']],
    );
    const same = await run('touch a.txt', { written: ['a.txt'] });
    assert.deepEqual([same.edits, same.outside], [[], []]);
    const back = await run('git checkout a.txt', { written: ['a.txt'] });
    assert.deepEqual(
      back.edits.map(({ baseHash, after }) => [baseHash, after.toString()]),
      [[sha256('ONE\n'), FILES['a.txt']]],
    );
  });

  it('finds the installed dependencies', async () => {
    const temp = tempRepository(FILES);
    mkdirSync(join(temp.top, 'node_modules/tool'), { recursive: true });
    writeFileSync(join(temp.top, 'node_modules/tool/text.txt'), 'from a tool\n');
    const { run } = await begin(temp);
    const { edits } = await run('cat node_modules/tool/text.txt > a.txt');
    assert.equal(edits[0]?.after.toString(), 'from a tool\n');
  });

  it('runs after the set-up, whose own changes are not its', async () => {
    const { run } = await begin();
    const setup = 'echo made > made.txt && echo set > b.txt && mkdir out && echo x > out/x';
    const { edits, outside } = await run('cat made.txt out/x > a.txt', { setup });
    assert.equal(edits[0]?.after.toString(), 'made\nx\n');
    assert.deepEqual(outside, []);
    const both = await run('echo more >> b.txt', { setup, paths: ['b.txt'] });
    assert.deepEqual(outsideOf(both), ['b.txt also set up']);
    await assert.rejects(run('true', { setup: 'exit 3' }), {
      name: 'workspace-failed',
      message: 'Cannot set up the copy: "exit 3" ended with 3',
    });
  });
});

describe('what a command may not change', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['another file', 'echo x > b.txt', ['b.txt changed']],
    ['a new file', 'echo x > c/new.txt', ['c/new.txt new']],
    ['a new folder', 'mkdir e && echo x > e/f.txt', ['e/ new']],
    ['a new file that is staged', 'echo x > n.txt && git add n.txt', ['n.txt new']],
    ['a deleted file', 'rm a.txt', ['a.txt deleted']],
    ['a moved file', 'mv a.txt z.txt', ['a.txt deleted', 'z.txt new']],
    ['a mode', 'chmod +x a.txt', ['a.txt mode']],
    ['a link', 'ln -sf b.txt a.txt', ['a.txt type']],
    ['a file that is too large', 'head -c 3000000 /dev/zero > a.txt', ['a.txt too large']],
    ['the file that says what is ignored', 'echo x >> .gitignore', ['.gitignore changed']],
  ];
  for (const [name, command, expected] of cases) {
    it(`${name}: it is named`, async () => {
      const { run } = await begin();
      const outcome = await run(`${command}; echo x > c/d.txt`);
      assert.deepEqual(outsideOf(outcome), expected);
      assert.deepEqual(
        outcome.edits.map(({ path }) => path),
        ['c/d.txt'],
      );
      assert.throws(() => assertCopyOutcome({ name: 'change', command }, outcome), {
        name: 'path-refused',
        message: new RegExp(
          `^Cannot take what the command change changed: ${expected[0]?.replace(/ (.*)/u, ' \\($1\\)')}`,
          'u',
        ),
      });
    });
  }

  it('a file that it also writes past the copy: it is named', async () => {
    const { run, worktree } = await begin();
    const outcome = await run(`echo x > c/d.txt; echo y >> '${worktree}/c/d.txt'; echo z > a.txt`);
    assert.deepEqual(outsideOf(outcome), ['c/d.txt written past the copy']);
    assert.deepEqual(
      outcome.edits.map(({ path }) => path),
      ['a.txt'],
    );
  });

  it('ignored files are not looked at', async () => {
    const { run } = await begin();
    const outcome = await run('mkdir -p out && echo x > out/x && echo x > a.txt');
    assert.deepEqual(outcome.outside, []);
  });
});

describe('a command that goes wrong', () => {
  it('changes nothing, and says how it ended', async () => {
    const { run } = await begin();
    const failed = await run('echo x > a.txt; echo why >&2; exit 4');
    assert.deepEqual([failed.edits, failed.outside, failed.result.exitCode], [[], [], 4]);
    assert.throws(() => assertCopyOutcome({ name: 'change', command: '' }, failed), {
      name: 'check-failed',
      message: 'Cannot run the command change: it ended with 4',
    });
    const late = await run('sleep 60', { run: { startedAt: 1, timeoutMs: 200 } });
    assert.throws(() => assertCopyOutcome({ name: 'change', command: '' }, late), /took too long/u);
  });

  it('may be stopped, and the copy is gone', async () => {
    const { run } = await begin();
    const stop = new AbortController();
    const running = { startedAt: 1, signal: stop.signal, onStart: () => stop.abort() };
    const { result } = await run('sleep 60', { run: running });
    assert.equal(result.cancelled, true);
  });

  it('begins anew where a crash has left a copy', async () => {
    const { run, repository, worktree } = await begin();
    const left = { path: `${worktree}.command`, commit: repository.head, reason: 'old' };
    await addWorktree(repository, left);
    writeFileSync(join(left.path, 'a.txt'), 'left behind\n');
    const { edits } = await run('echo more >> a.txt');
    assert.equal(edits[0]?.after.toString(), `${FILES['a.txt']}more\n`);
  });
});
