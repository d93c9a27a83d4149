/** The space of a home's messages: one, whoever begins and wherever that is typed; kept by a backup. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { homePaths } from '#daemon/home/home-paths.ts';
import { prepareHome } from '#daemon/home/home.ts';
import { Spaces } from '#daemon/spaces.ts';
import { openNodeKey } from '#identity/node-key.ts';
import { told } from '../support/run-skein.ts';
import { openBusHome } from './bus-home.ts';

describe('the space of messages', () => {
  it('is one for all, also for two who begin at once; looking makes none', async () => {
    const home = openBusHome();
    await home.ok('agents');
    assert.deepEqual(readdirSync(join(home.home, 'spaces')), []);
    await Promise.all([home.ok('agents', 'add', 'a'), home.ok('agents', 'add', 'b')]);
    const spaces = readdirSync(join(home.home, 'spaces'));
    assert.equal(spaces.length, 1);
    const [space = ''] = spaces;
    const file = JSON.parse(readFileSync(join(home.home, 'default-space.json'), 'utf8')) as object;
    assert.deepEqual(file, { format: 1, space });
    // By its name, its id and how that begins it is the same.
    for (const word of ['messages', space, space.slice(0, 6)]) {
      const [sent] = await home.data<{ space: string }>('send', 'a', 'x', '--space', word);
      assert.equal(sent?.space, space);
    }
    const unknown = await home.run('send', 'a', 'x', '--space', 'nowhere');
    assert.equal(unknown.code, 3, told(unknown));
  });

  it('comes back with a backup, and is that of the home that had none', async () => {
    const [home, other] = [openBusHome(), openBusHome()];
    await home.ok('agents', 'add', 'bot');
    await home.ok('send', 'bot', 'do not forget me');
    const folder = join(home.person, 'backup');
    await home.ok('backup', folder, '--with-key');
    mkdirSync(join(other.home, 'identity'), { recursive: true, mode: 0o700 });
    copyFileSync(join(folder, 'node.key'), join(other.home, 'identity', 'node.key'));
    await other.ok('restore', folder);
    assert.match(await other.ok('log', '--space', 'messages'), /do not forget me/u);
    const id = (each: typeof home): string =>
      readFileSync(join(each.home, 'default-space.json'), 'utf8');
    assert.equal(id(other), id(home));
    assert.equal((await other.waiting('bot'))[0]?.text, 'do not forget me');
  });

  it('that is gone is not begun anew behind the back of who lost it', async () => {
    const home = openBusHome();
    await home.ok('agents', 'add', 'bot');
    await home.ok('down');
    rmSync(join(home.home, 'spaces'), { recursive: true });
    const lost = await home.run('send', 'bot', 'x');
    assert.equal(lost.code, 3, told(lost));
    assert.match(lost.stderr, /its folder is gone/u);
    rmSync(join(home.home, 'default-space.json'));
    await home.ok('agents', 'add', 'bot');
  });

  it('tells all that happened in it, each event in words', async () => {
    const home = openBusHome();
    await home.ok('agents', 'add', 'bot', '--skill', 'x', '--topic', 'y', '--tries', '1');
    for (const to of ['bot', 'skill:x', 'topic:y']) await home.ok('send', to, 'hello');
    await home.ok('inbox', '--as', 'bot', '--take', '1');
    await home.ok('agents', 'remove', 'bot');
    const [plain, json] = [await home.ok('log', '--space', 'messages'), ['--json']];
    const types = (await home.ok('log', '--space', 'messages', ...json))
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    assert.ok(types.includes('message.assigned') && types.includes('agent.retired'));
    // What no table knows is told by its type.
    for (const type of types) assert.ok(!plain.includes(` ${type} `), `${type} is not told`);
    assert.match(plain, /bot is handed 1 message/u);
  });
});

describe('spaces of no repository', () => {
  const root = mkdtempSync(join(tmpdir(), 'skein-spaces-'));
  after(() => rmSync(root, { recursive: true, force: true }));

  it('begin with what is on the record of their founder, and of nobody else', async () => {
    const paths = homePaths(join(root, 'home'), { XDG_RUNTIME_DIR: root });
    prepareHome(paths);
    const { key } = openNodeKey(paths.nodeKey);
    const settings = { paths, epoch: 1, node: key.slice(0, 16) };
    const redact = (text: string) => ({ text, count: 0 });
    const spaces = new Spaces({ ...settings, redact, report: (error) => assert.fail(`${error}`) });
    try {
      const own = await spaces.makeBare('here');
      assert.equal(own.stats().commits, 1);
      assert.deepEqual(spaces.about(own.space), { name: 'here' });
      const founder = 'ab'.repeat(32);
      const joined = await spaces.join('cd'.repeat(16), founder, 'there');
      assert.equal(joined.stats().commits, 0);
      assert.deepEqual(spaces.about(joined.space), { founder, name: 'there' });
      await assert.rejects(spaces.join(own.space, founder), { name: 'conflict' });
      await assert.rejects(spaces.join('../x', founder), { name: 'usage' });
    } finally {
      await spaces.close();
    }
  });
});
