/** Moving in as a person does: the real program, a real node, an old bus beside it. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { openHome, told, until, type SkeinHome } from '../support/run-skein.ts';
import { EXAMPLE, exampleDatabase, makeDatabase, tempFolder } from './old-database.ts';

/** What `--json` printed last. */
const lastLine = (stdout: string): Record<string, unknown> =>
  JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;

async function imported(skein: SkeinHome, ...args: readonly string[]) {
  const call = await skein.run('import', ...args, '--yes', '--json');
  assert.equal(call.code, 0, told(call));
  const { agents, added, repeated, refusals } = lastLine(call.stdout);
  return { agents, added, repeated, refusals };
}

const waitingFor = async (skein: SkeinHome, agent: string): Promise<readonly string[]> => {
  const call = await skein.run('inbox', '--as', agent, '--peek', '--json');
  assert.equal(call.code, 0, told(call));
  return call.stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => String((JSON.parse(line) as { text?: string }).text));
};

describe('skein import', { concurrency: 2 }, () => {
  it('says what it found and writes nothing; with --yes takes it over; again only what is new', async () => {
    const skein = openHome();
    const path = exampleDatabase();
    const dry = await skein.run('import', 'chaiwala', path);
    assert.equal(dry.code, 0, told(dry));
    assert.match(dry.stdout, /text +is in body/);
    assert.match(dry.stdout, /7 messages, 4 of them unread/);
    assert.match(dry.stderr, /Nothing was written/);
    assert.equal(await skein.nodePid(), undefined);
    const first = await imported(skein, 'chaiwala', path);
    assert.deepEqual(first, { agents: 4, added: 7, repeated: 0, refusals: 0 });
    const letters = await skein.run('inbox', '--as', 'builder', '--peek', '--json');
    const [notice, ping] = letters.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    assert.equal(notice?.text, 'Freeze of main from 12:00 to 13:00 UTC.');
    assert.equal(JSON.parse(notice?.extra ?? '').columns.subject, 'NOTICE');
    assert.equal(ping?.text, 'ping');
    assert.equal(JSON.parse(ping?.extra ?? '').columns.created_at, 'yesterday');
    const grow = new DatabaseSync(path);
    grow.exec(
      "INSERT INTO messages (to_agent, from_agent, body) VALUES ('builder', 'tester', 'one more')",
    );
    grow.close();
    const second = await imported(skein, 'chaiwala', path);
    assert.deepEqual(second, { agents: 0, added: 1, repeated: 7, refusals: 0 });
    const verified = await skein.run('verify');
    assert.equal(verified.code, 0, told(verified));
  });

  it('takes a text of 3 MB and a bus of 1,200 messages, and files', async () => {
    const skein = openHome();
    const huge = 'a long line\n'.repeat(250_000);
    const path = makeDatabase(
      'CREATE TABLE messages (id, sender, recipient, body, ts, read)',
      (database) => {
        const insert = database.prepare('INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)');
        insert.run(0, 'x', 'y', huge, 1_771_324_800, 1);
        for (let id = 1; id < 1_200; id += 1)
          insert.run(id, 'x', 'y', `${id}`, 1_771_324_800 + id, 1);
      },
    );
    const first = await imported(skein, 'chaiwala', path);
    assert.ok(Number(first.added) > 1_200, 'the large one comes in pieces');
    assert.equal(first.refusals, 0);
    const again = await imported(skein, 'chaiwala', path);
    assert.deepEqual(again, { agents: 0, added: 0, repeated: first.added, refusals: 0 });
    assert.equal((await imported(skein, 'outbox', EXAMPLE)).added, 4);
  });

  it('killed in the middle, with its node, goes on when it is done again', async () => {
    const skein = openHome();
    const all = 4_000;
    const sql = 'CREATE TABLE messages (id INTEGER PRIMARY KEY, sender, recipient, body, ts, read)';
    const path = makeDatabase(sql, (database) => {
      const insert = database.prepare('INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)');
      database.exec('BEGIN');
      for (let id = 0; id < all; id += 1) insert.run(id, 'x', 'y', `${id}`, 1_771_324_800, id % 2);
      database.exec('COMMIT');
    });
    const recorded = async (): Promise<number> => {
      const { stdout } = await skein.run('status', '--json');
      const { spaces = [] } = JSON.parse(stdout) as { spaces?: readonly { events: number }[] };
      return Math.max(0, ...spaces.map(({ events }) => events));
    };
    const first = skein.start(['import', 'chaiwala', path, '--yes']);
    while ((await recorded()) < 500 && first.child.exitCode === null);
    const node = await skein.nodePid();
    assert.ok(node !== undefined, 'the node is up');
    process.kill(node, 'SIGKILL');
    first.child.kill('SIGKILL');
    await first.ended;
    const again = await imported(skein, 'chaiwala', path);
    assert.equal(Number(again.added) + Number(again.repeated), all);
    assert.ok(Number(again.repeated) >= 400, `${String(again.repeated)} were there`);
    assert.equal((await imported(skein, 'chaiwala', path)).repeated, all);
    const verified = await skein.run('verify');
    assert.equal(verified.code, 0, told(verified));
  });

  it('refuses what it can not map or read, with what to type', async () => {
    const skein = openHome();
    const path = makeDatabase('CREATE TABLE messages (id, sender, recipient, body, payload)');
    const unclear = await skein.run('import', 'chaiwala', path);
    assert.equal(unclear.code, 2);
    assert.match(unclear.stderr, /text could be body or payload.*\n +Say which.*--map text=body/);
    assert.equal((await skein.run('import', 'chaiwala', path, '--map', 'text=body')).code, 0);
    const none = await skein.run('import', 'chaiwala', join(tempFolder(), 'none.db'));
    assert.equal(none.code, 2);
    assert.match(none.stderr, /5751 import-unreadable/);
    const offset = await skein.run('import', 'chaiwala', path, '--utc-offset', '5');
    assert.match(offset.stderr, /--utc-offset 5: it is no offset/);
    assert.match((await skein.run('import', 'kafka', path)).stderr, /it is no kind of bus/);
    // What can't be read is named, and the rest comes.
    const folder = tempFolder();
    cpSync(EXAMPLE, folder, { recursive: true });
    writeFileSync(join(folder, 'inbox/half.json'), '{"from":');
    const half = await skein.run('import', 'outbox', folder, '--yes');
    assert.equal(half.code, 1, told(half));
    assert.match(half.stdout, /Taken over: 4 messages.*\nLeft out: 1/);
  });
});

describe('skein bridge', { concurrency: 2 }, () => {
  const file = (from: string, body: string, more: object = {}): string =>
    JSON.stringify({ id: `id of ${body}`, from, to: 'builder', type: 'note', body, ...more });

  it('carries messages both ways, with answers, and only for its peers', async () => {
    const skein = openHome();
    const folder = tempFolder();
    const added = await skein.run('agents', 'add', 'builder');
    assert.equal(added.code, 0, told(added));
    mkdirSync(join(folder, 'inbox'));
    writeFileSync(join(folder, 'inbox/a.json'), file('mac agent', 'line 1\r\nline 2'));
    writeFileSync(join(folder, 'inbox/b.json'), file('builder', 'I am somebody else'));
    const args = ['bridge', 'outbox', folder, '--peer', 'mac agent', '--once'];
    const first = await skein.run(...args);
    assert.equal(first.code, 0, told(first));
    assert.match(first.stdout, /taken: 1, given: 0/);
    assert.match(first.stderr, /b\.json is from "builder", for whom this bridge does not stand/);
    assert.ok(existsSync(join(folder, 'inbox/b.json')));
    const [letter] = (await skein.run('inbox', '--as', 'builder', '--json')).stdout.split('\n');
    const { id, extra } = JSON.parse(letter ?? '') as { id: string; extra: string };
    assert.equal(JSON.parse(extra).columns.type, 'note');
    const replied = await skein.run('reply', id, 'seen\u0007', '--as', 'builder');
    assert.equal(replied.code, 0, told(replied));
    assert.match((await skein.run(...args)).stdout, /taken: 0, given: 1/);
    const [name = ''] = readdirSync(join(folder, 'outbox')).filter((each) => !each.startsWith('.'));
    const given = JSON.parse(readFileSync(join(folder, 'outbox', name), 'utf8'));
    const { to, body, reply_to: replyTo } = given as Record<string, string>;
    assert.deepEqual([to, body, replyTo], ['mac agent', 'seen\u0007', 'id of line 1\r\nline 2']);
    assert.equal((await skein.run(...args)).stdout, '');
  });

  it('joins two nodes between which files are copied, and nothing else', async () => {
    const sides = ['alice', 'bob'].map((agent) => ({
      agent,
      skein: openHome(),
      folder: tempFolder(),
    }));
    const [alice, bob] = sides as [(typeof sides)[0], (typeof sides)[0]];
    for (const { skein, agent } of sides) await skein.run('agents', 'add', agent);
    const round = async (side: typeof alice, peer: string): Promise<void> => {
      const call = await side.skein.run('bridge', 'outbox', side.folder, '--peer', peer, '--once');
      assert.equal(call.code, 0, told(call));
      assert.equal(call.stderr, '');
    };
    const copy = (from: typeof alice, to: typeof alice): void => {
      for (const name of readdirSync(join(from.folder, 'outbox'))) {
        if (name.startsWith('.')) continue;
        cpSync(join(from.folder, 'outbox', name), join(to.folder, 'inbox', name));
      }
    };
    for (const [side, peer] of [
      [alice, 'bob'],
      [bob, 'alice'],
    ] as const) {
      await round(side, peer);
    }
    const sent = await alice.skein.run('send', 'bob', 'who are you?', '--as', 'alice', '--json');
    const { id } = lastLine(sent.stdout);
    await round(alice, 'bob');
    copy(alice, bob);
    await round(bob, 'alice');
    const [question] = (await bob.skein.run('inbox', '--as', 'bob', '--json')).stdout.split('\n');
    const { id: there, text } = JSON.parse(question ?? '') as Record<string, string>;
    assert.equal(text, 'who are you?');
    const replied = await bob.skein.run('reply', String(there), 'bob', '--as', 'bob');
    assert.equal(replied.code, 0, told(replied));
    await round(bob, 'alice');
    copy(bob, alice);
    // What was copied before lies in the way again: it is no news.
    copy(alice, alice);
    await round(alice, 'bob');
    const letters = (await alice.skein.run('inbox', '--as', 'alice', '--json')).stdout;
    const answer = lastLine(letters);
    assert.deepEqual([answer.text, answer.replyTo], ['bob', id]);
    assert.equal(letters.trimEnd().split('\n').length, 1);
  });

  it('goes on until it is ended, also when the node goes and comes again', async () => {
    const skein = openHome();
    const folder = tempFolder();
    await skein.run('agents', 'add', 'builder');
    const bridge = skein.start(['bridge', 'outbox', folder, '--peer', 'mac', '--every', '0.1']);
    await bridge.saw(/The bridge stands/);
    const drop = (body: string): void =>
      writeFileSync(join(folder, 'inbox', `${body}.json`), file('mac', body));
    drop('one');
    await until('one is archived', () => existsSync(join(folder, 'archive/one.json')));
    await skein.run('down');
    drop('two');
    await until('two is archived', () => existsSync(join(folder, 'archive/two.json')));
    assert.deepEqual(await waitingFor(skein, 'builder'), ['one', 'two']);
    bridge.child.kill('SIGTERM');
    assert.equal((await bridge.ended).code, 0);
  });

  for (const point of ['taken', 'claimed', 'written']) {
    it(`killed at "${point}" it loses nothing, and in Skein nothing comes twice`, async () => {
      const skein = openHome();
      const folder = tempFolder();
      await skein.run('agents', 'add', 'builder');
      const args = ['bridge', 'outbox', folder, '--peer', 'mac', '--once'];
      assert.equal((await skein.run(...args)).code, 0);
      writeFileSync(join(folder, 'inbox/one.json'), file('mac', 'one'));
      assert.equal((await skein.run('send', 'mac', 'to the peer')).code, 0);
      const killed = skein.start(args, { env: { SKEIN_PAUSE_AT: `bridge ${point}` } });
      await killed.saw(/paused at bridge/);
      killed.child.kill('SIGKILL');
      await killed.ended;
      const again = await skein.run(...args);
      assert.equal(again.code, 0, told(again));
      assert.deepEqual(await waitingFor(skein, 'builder'), ['one']);
      const isFile = (name: string): boolean => !name.startsWith('.');
      assert.deepEqual(readdirSync(join(folder, 'archive')).filter(isFile), ['one.json']);
      assert.equal(readdirSync(join(folder, 'outbox')).filter(isFile).length, 1);
    });
  }
});
