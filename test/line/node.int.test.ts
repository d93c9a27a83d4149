/** The node behind the commands: started on demand, one a home, found again after a crash. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { DatabaseSync } from 'node:sqlite';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { homePaths } from '#daemon/home/home-paths.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, WITHOUT_WALLS, told, until, type SkeinHome } from '../support/run-skein.ts';

const pathsOf = ({ home, person }: SkeinHome) => homePaths(home, { XDG_RUNTIME_DIR: person });

async function epochOf(skein: SkeinHome): Promise<number> {
  return (JSON.parse((await skein.run('status', '--json')).stdout) as { epoch: number }).epoch;
}

describe('a cold home', { concurrency: 2 }, () => {
  it('serves ten commands at once with one node', async () => {
    const skein = openHome();
    const calls = Array.from({ length: 10 }, () => skein.run('missions'));
    for (const call of await Promise.all(calls)) assert.equal(call.code, 0, told(call));
    // Who loses the race never owns the home: only one epoch has begun.
    assert.equal(await epochOf(skein), 1);
  });

  it('may have a path of 200 characters; its files are readable by their owner only', async () => {
    const skein = openHome({}, `${'a'.repeat(100)}/${'b'.repeat(100)}`);
    const repository = greeterRepository();
    const done = await skein.run(
      'run',
      RENAME,
      '--repo',
      repository.top,
      '--yes',
      '--check',
      CHECK,
    );
    assert.equal(done.code, 0, told(done));
    const { home, nodeKey, personToken, socket } = pathsOf(skein);
    for (const path of [home, nodeKey, personToken, socket, dirname(socket)]) {
      assert.equal(statSync(path).mode & 0o077, 0, path);
    }
  });

  it('shows what it is: status, doctor, verify', async () => {
    const skein = openHome();
    const down = await skein.run('status');
    assert.match(down.stdout, /^node: down/u);
    assert.equal((await skein.run('down')).code, 0);
    const doctor = await skein.run('doctor');
    assert.equal(doctor.code, 0, told(doctor));
    assert.match(doctor.stdout, /isolation +(?:T2 \(\w+\): \d+ of \d+ attempts|none: )/u);
    const off = await skein.start(['doctor'], { env: WITHOUT_WALLS }).ended;
    assert.match(off.stdout, /isolation +none: switched off/u);
    assert.match((await skein.run('status')).stdout, /^node: up/u);
    const verified = await skein.run('verify');
    assert.equal(verified.code, 0);
    assert.match(verified.stderr, /no record yet/);
  });
});

describe('a node that nobody needs', () => {
  it('goes by itself, but not while a mission is at work', async () => {
    const skein = openHome({ ...WITHOUT_WALLS, SKEIN_IDLE_MS: '300' });
    await skein.run('up');
    await until('the node is gone', () => !existsSync(pathsOf(skein).socket));
    assert.match((await skein.run('status')).stdout, /^node: down/u);
    const { top, folder } = greeterRepository();
    const at = join(folder, 'at');
    const args = ['run', RENAME, '--repo', top, '--yes', '--detach', '--check'];
    await skein.run(...args, `sleep 1; touch ${at}`);
    await until('the check has ended', () => existsSync(at));
    assert.ok(existsSync(pathsOf(skein).socket));
    await until('the node is gone', () => !existsSync(pathsOf(skein).socket));
    assert.match((await skein.run('missions')).stdout, / done /);
  });
});

describe('what a crash or a stranger left', { concurrency: 2 }, () => {
  it('a socket that nobody serves, or that is a file, is replaced', async () => {
    for (const leave of [leaveSocket, leaveFile]) {
      const skein = openHome();
      const { socket } = pathsOf(skein);
      mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
      await leave(socket);
      const call = await skein.run('missions');
      assert.equal(call.code, 0, told(call));
    }
  });

  it('a node that was killed: the next command starts another, of a later epoch', async () => {
    const skein = openHome();
    await skein.run('up');
    process.kill((await skein.nodePid()) ?? 0, 'SIGKILL');
    const call = await skein.run('missions');
    assert.equal(call.code, 0, told(call));
    assert.equal(await epochOf(skein), 2);
  });

  it('keys that others may read: refused with the line that mends it', async () => {
    const skein = openHome();
    await skein.run('up');
    await skein.run('down');
    for (const path of [pathsOf(skein).nodeKey, pathsOf(skein).personToken]) {
      chmodSync(path, 0o644);
      const refused = await skein.run('missions');
      assert.equal(refused.code, 1, told(refused));
      assert.ok(
        refused.stderr.includes(`chmod 600 '${path}'`) ||
          refused.stderr.includes(`chmod 600 ${path}`),
        told(refused),
      );
      assert.equal((await skein.run('doctor')).code, 1);
      chmodSync(path, 0o600);
      assert.equal((await skein.run('missions')).code, 0);
      await skein.run('down');
    }
  });

  it('a home of a newer Skein: refused', async () => {
    const skein = openHome();
    await skein.run('up');
    await skein.run('down');
    writeFileSync(pathsOf(skein).format, '{"format":99}\n');
    const refused = await skein.run('missions');
    assert.equal(refused.code, 1, told(refused));
    assert.match(refused.stderr, /record-too-new/);
    assert.match(refused.stderr, /newer Skein/);
  });

  it('a record that was changed by hand: verify names it, exit 1', async () => {
    const skein = openHome();
    const { top } = greeterRepository();
    await skein.run('run', RENAME, '--repo', top, '--yes', '--check', CHECK);
    const whole = await skein.run('verify', '--json');
    assert.equal(whole.code, 0, told(whole));
    await skein.run('down');
    const { space } = JSON.parse(whole.stdout) as { space: string };
    const database = new DatabaseSync(`${pathsOf(skein).spaces}/${space}/ledger.db`);
    const { changes } = database
      .prepare('UPDATE events SET body = ? WHERE type = ?')
      .run(Buffer.from('{}'), 'mission.submitted');
    database.close();
    assert.equal(changes, 1);
    const damaged = await skein.run('verify');
    assert.equal(damaged.code, 1, told(damaged));
    assert.match(damaged.stdout, /mission|body|hash/);
  });
});

async function leaveSocket(path: string): Promise<void> {
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', code]);
  assert.ok(statSync(path).isSocket());
}

async function leaveFile(path: string): Promise<void> {
  writeFileSync(path, 'not a socket');
}

describe('help', () => {
  const skein = openHome();
  const verbs = (): string[] =>
    [
      ...readFileSync(new URL('../../src/cli/main.ts', import.meta.url), 'utf8').matchAll(
        /^ {2}(\w+): \(\) => import/gmu,
      ),
    ].map((match) => match[1] ?? '');

  it('lists every command, and explains each one in the same words', async () => {
    const overview = await skein.run('help');
    assert.equal(overview.code, 0);
    assert.ok(verbs().length >= 15);
    for (const verb of verbs()) {
      assert.match(overview.stdout, new RegExp(`\\b${verb}\\b`, 'u'), verb);
      const explained = await skein.run('help', verb);
      assert.equal(explained.code, 0, told(explained));
      assert.match(explained.stdout, new RegExp(`^skein ${verb}\\b`, 'u'));
      assert.equal((await skein.run(verb, '--help')).stdout, explained.stdout);
    }
    assert.equal((await skein.run('help', 'fly')).code, 2);
    assert.equal((await skein.run()).stdout, overview.stdout);
    assert.match((await skein.run('--version')).stdout, /^skein \d+\.\d+\.\d+/u);
  });
});

describe('colours', () => {
  it('only where they are wanted', async () => {
    const skein = openHome();
    const { top } = greeterRepository();
    await skein.run('run', RENAME, '--repo', top, '--detach', '--check', CHECK);
    const show = (env: Readonly<Record<string, string>>) => skein.start(['show'], { env }).ended;
    const escape = '\u001b[';
    assert.ok(!(await show({})).stdout.includes(escape));
    assert.ok((await show({ FORCE_COLOR: '1' })).stdout.includes(escape));
    assert.ok(!(await show({ FORCE_COLOR: '1', NO_COLOR: '1' })).stdout.includes(escape));
  });
});
