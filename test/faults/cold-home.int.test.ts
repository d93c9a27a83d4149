/** Homes in hard places: twenty commands at once from cold, odd paths, a socket folder of somebody else. */
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { homePaths } from '#daemon/home/home-paths.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told, until, type SkeinHome } from '../support/run-skein.ts';

const AT_ONCE = 20;
const NOBODY = 65_534;

const socketFolder = ({ home, person }: SkeinHome): string =>
  dirname(homePaths(home, { XDG_RUNTIME_DIR: person }).socket);

async function epochOf(skein: SkeinHome): Promise<number> {
  return (JSON.parse((await skein.run('status', '--json')).stdout) as { epoch: number }).epoch;
}

describe('a cold home', { concurrency: 2 }, () => {
  it('serves twenty commands at once with one node, on a path with spaces and any script', async () => {
    const skein = openHome({}, 'mein Zuhause/家 é \u{1f9f6}');
    const calls = Array.from({ length: AT_ONCE }, () => skein.run('missions'));
    for (const call of await Promise.all(calls)) assert.equal(call.code, 0, told(call));
    // Who loses the race never owns the home: only one epoch has begun.
    assert.equal(await epochOf(skein), 1);
    const { top } = greeterRepository();
    const done = await skein.run('run', RENAME, '--repo', top, '--yes', '--check', CHECK);
    assert.equal(done.code, 0, told(done));
    assert.equal((await skein.run('verify')).code, 0);
  });

  it('has a twin: one command after another node died begins a second epoch', async () => {
    const skein = openHome();
    for (const epoch of [1, 2]) {
      assert.equal(await epochOf(await upAgain(skein)), epoch);
      await skein.run('down');
    }
  });
});

async function upAgain(skein: SkeinHome): Promise<SkeinHome> {
  const up = await skein.run('up');
  assert.equal(up.code, 0, told(up));
  return skein;
}

describe('a folder for sockets', () => {
  const skip = process.getuid?.() === 0 ? false : 'only root can give a folder to somebody else';

  it('of somebody else is not used: they could answer in our name', { skip }, async () => {
    const skein = openHome();
    const folder = socketFolder(skein);
    mkdirSync(folder, { mode: 0o777 });
    chownSync(folder, NOBODY, NOBODY);
    let heard = 0;
    const stranger = createServer(() => (heard += 1));
    const { socket } = homePaths(skein.home, { XDG_RUNTIME_DIR: skein.person });
    await new Promise<void>((resolve) => stranger.listen(socket, resolve));
    for (const verb of ['missions', 'status', 'down']) {
      const refused = await skein.run(verb);
      assert.equal(refused.code, 75, told(refused));
      assert.match(refused.stderr, /belongs to somebody else[^]*XDG_RUNTIME_DIR/u);
    }
    assert.equal(heard, 0, 'the stranger was told the token');
    // Its twin: the same folder, ours again; then who listens there is trusted.
    chownSync(folder, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    const trusting = skein.start(['missions']);
    await until('the listener is asked', () => heard > 0);
    trusting.child.kill('SIGKILL');
    await trusting.ended;
    stranger.close();
  });

  it('that others may enter is closed to them', async () => {
    const skein = openHome();
    const folder = socketFolder(skein);
    mkdirSync(folder, { mode: 0o777 });
    assert.equal((await skein.run('missions')).code, 0);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  });
});
