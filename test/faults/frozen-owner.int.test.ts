/**
 * A frozen process is not a dead one: nobody takes its home while it stands still. And one that was
 * overtaken while it stood still is fenced on every way of writing: ledger, files, git.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { homePaths, type HomePaths } from '#daemon/home/home-paths.ts';
import { takeOwnership, type Ownership } from '#daemon/home/home.ts';
import { tempRepository } from '#workspace/fixtures/temp-repository.ts';
import { openHome, told, until } from '../support/run-skein.ts';
import { temporaryFolder } from '../support/space-folder.ts';

const ZOMBIE = fileURLToPath(new URL('./programs/zombie-child.ts', import.meta.url));

interface Tried {
  readonly what: string;
  readonly error: string | null;
}

interface Ending {
  readonly tried: readonly Tried[];
  readonly file: string;
  readonly branches: string;
  readonly events: number;
}

const countEvents = (folder: string): number => {
  const database = new DatabaseSync(join(folder, 'ledger.db'));
  const row = database.prepare('SELECT count(*) AS n FROM events').get();
  database.close();
  return Number(row?.['n']);
};

/** Freezes an owner, lets another one take over, wakes the first one and watches what it does. */
async function overtake(...words: readonly string[]): Promise<Ending> {
  const folder = temporaryFolder();
  const { top, git } = tempRepository({ 'a.txt': 'one\n' });
  const child = spawn(process.execPath, [ZOMBIE, folder, top, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until('the owner is ready', () => said.includes('ready'));
  child.kill('SIGSTOP');
  // What a later owner does first; the lock that would keep it out is not part of this test.
  const later = new DatabaseSync(join(folder, 'ledger.db'));
  later.exec("UPDATE meta SET value = '2' WHERE key = 'epoch'");
  later.close();
  const before = countEvents(folder);
  child.stdin.write('go on\n');
  child.kill('SIGCONT');
  await ended;
  return {
    tried: said
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line) as Tried),
    file: readFileSync(join(top, 'a.txt'), 'utf8'),
    branches: git('branch', '--list', 'zombie').trim(),
    events: countEvents(folder) - before,
  };
}

describe('an owner that was overtaken while it was frozen', () => {
  it('is fenced on the ledger, on files and on branches', async () => {
    const fenced = (what: string): Tried => ({ what, error: 'epoch-fenced' });
    assert.deepEqual(await overtake(), {
      tried: ['ledger', 'file', 'branch'].map(fenced),
      file: 'one\n',
      branches: '',
      events: 0,
    });
  });

  it('has a twin: without the check of the epoch it writes everywhere', async () => {
    const { tried, file, branches, events } = await overtake('unfenced');
    assert.deepEqual(
      tried.map(({ error }) => error),
      [null, null, null],
    );
    assert.deepEqual([file, branches, events > 0], ['two\n', 'zombie', true]);
  });
});

describe('a frozen node', () => {
  it('keeps its home; when it is killed, the home is free at once', async () => {
    const skein = openHome();
    await skein.run('up');
    const pid = (await skein.nodePid()) ?? 0;
    const paths = homePaths(skein.home, { XDG_RUNTIME_DIR: skein.person });
    process.kill(pid, 'SIGSTOP');
    try {
      assert.throws(() => takeOwnership(paths), { name: 'home-owned' });
    } finally {
      process.kill(pid, 'SIGKILL');
    }
    // The kernel frees the lock with the process: no time limit has to pass.
    const began = performance.now();
    const taken = await taking(paths);
    assert.ok(performance.now() - began < 5_000);
    assert.equal(taken.epoch, 2);
    taken.release();
    const found = await skein.run('missions');
    assert.equal(found.code, 0, told(found));
  });
});

/** Takes the home as soon as the threads of the killed process have ended. */
async function taking(paths: HomePaths): Promise<Ownership> {
  let taken: Ownership | undefined;
  await until('the home is free', () => {
    try {
      taken = takeOwnership(paths);
    } catch (error) {
      assert.equal((error as Error).name, 'home-owned');
    }
    return taken !== undefined;
  });
  return taken as unknown as Ownership;
}
