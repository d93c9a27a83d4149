/** Databases of old buses are read whole, whatever is in them, and the same at every reading. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import type { ImportedMessage, OldBus, ReadOptions } from '#daemon/import/old-bus.ts';
import { openChaiwala } from '#daemon/import/chaiwala/read-chaiwala.ts';
import { isUuidv7 } from '#lib/uuidv7.ts';
import { exampleDatabase, makeDatabase, tempFolder } from './old-database.ts';

interface ReadBus extends Omit<OldBus, 'messages'> {
  readonly messages: readonly ImportedMessage[];
}

async function read(path: string, options: ReadOptions = {}): Promise<ReadBus> {
  const bus = await openChaiwala(path, options);
  const messages = [...bus.messages()];
  bus.close();
  return { ...bus, messages };
}

const idsOf = ({ messages }: ReadBus): string[] => messages.map(({ id }) => id);
const problem = ({ survey }: ReadBus, what: RegExp): number | undefined =>
  survey.problems.find((each) => what.test(each.what))?.count;

/** A table as most have it; each test says what is odd in its rows. */
const PLAIN = 'CREATE TABLE messages (id, sender, recipient, body, ts, priority, read, reply_to);';

describe('the database of the example', () => {
  it('is mapped by the names of its columns, and nothing of a row is lost', async () => {
    const bus = await read(exampleDatabase());
    const [messages, agents, capabilities] = bus.mapping;
    assert.deepEqual(messages?.fields, {
      id: 'id',
      from: 'from_agent',
      to: 'to_agent',
      text: 'body',
      sentAt: 'created_at',
      priority: 'priority',
      status: 'status',
      replyTo: 'reply_to',
    });
    assert.deepEqual(messages?.extra, ['subject', 'read_at']);
    assert.deepEqual(agents?.fields, { name: 'agent_id', role: 'role', lastSeen: 'last_seen' });
    assert.equal(capabilities?.fields['skill'], 'capability');
    assert.equal(bus.survey.messages, 7);
    assert.equal(bus.survey.unread, 4);
    const [first, second, , , fifth] = bus.messages;
    assert.equal(second?.replyTo, first?.id);
    assert.deepEqual(fifth?.to, { type: 'topic', name: 'all' });
    assert.equal(fifth?.priority, 'critical');
    assert.equal(fifth?.extra['priority'], 'urgent');
    assert.equal(first?.extra['from_agent'], 'lead agent');
    assert.match(first?.from ?? '', /^lead-agent-[0-9a-f]{6}$/);
    const builder = bus.survey.agents.find(({ name }) => name === 'builder');
    assert.deepEqual(builder?.skills, ['typescript', 'sqlite']);
    assert.ok(bus.survey.agents.some(({ name, listed }) => name === 'archivist' && !listed));
  });

  it('gives the same ids again, also from a copy elsewhere, and only new ones when it has grown', async () => {
    const path = exampleDatabase();
    const before = await read(path);
    assert.deepEqual(idsOf(await read(path)), idsOf(before));
    assert.deepEqual(idsOf(await read(exampleDatabase())), idsOf(before));
    const grow = new DatabaseSync(path);
    grow.exec(
      "INSERT INTO messages (to_agent, from_agent, body) VALUES ('builder', 'tester', 'more')",
    );
    // What happens to a message later makes no other message of it.
    grow.exec("UPDATE messages SET status = 'read', read_at = '2026-02-18' WHERE id = 4");
    grow.close();
    const after = await read(path);
    assert.deepEqual(idsOf(after).slice(0, 7), idsOf(before));
    assert.equal(after.messages.length, 8);
    assert.equal(after.messages[3]?.status, 'read');
  });

  it('has other ids where a message is another one, or the bus is named otherwise', async () => {
    const before = new Set(idsOf(await read(exampleDatabase())));
    const edited = await read(
      exampleDatabase((database) => database.exec("UPDATE messages SET body = body || '.'")),
    );
    assert.deepEqual(
      idsOf(edited).filter((id) => before.has(id)),
      [],
    );
    const named = await read(exampleDatabase(), { source: 'other' });
    assert.deepEqual(
      idsOf(named).filter((id) => before.has(id)),
      [],
    );
  });

  it('keeps its ids when times without a zone are read with another one', async () => {
    const path = exampleDatabase();
    const [utc, india] = [await read(path), await read(path, { utcOffsetMinutes: 330 })];
    assert.deepEqual(idsOf(india), idsOf(utc));
    assert.equal(utc.messages[1]?.sentAt, '2026-02-17T09:41:12.250Z');
    assert.equal(india.messages[1]?.sentAt, '2026-02-17T04:11:12.250Z');
    // One with a zone, and one as SQLite itself writes it, which is UTC.
    for (const index of [0, 2]) {
      assert.equal(india.messages[index]?.sentAt, utc.messages[index]?.sentAt);
    }
  });

  it('is not changed by being read', async () => {
    const path = exampleDatabase();
    const hash = (): string => createHash('sha256').update(readFileSync(path)).digest('hex');
    const before = hash();
    await read(path);
    assert.equal(hash(), before);
  });
});

describe('what can stand in a row', () => {
  it('comes through: nothing, bytes, texts that are no UTF-8, huge texts and numbers', async () => {
    const huge = 'x'.repeat(3_000_000);
    const path = makeDatabase(PLAIN, (database) => {
      const insert = database.prepare('INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
      insert.run(null, null, null, null, null, null, null, null);
      insert.run('a', 'x', 'y', Buffer.from('plain bytes'), 1_771_324_800, 5, 0, null);
      insert.run('b', 'x', 'y', Buffer.from([0xff, 0x00]), 1_771_324_800_000, 5, 1, null);
      insert.run('c', 'x', 'y', huge, 1_771_324_800_000_000n, 9, 0, null);
      insert.run(9_007_199_254_740_993n, 'x', 'y', 'a\u0000b', '1771324800.25', 1, 0, null);
      database.exec(
        "INSERT INTO messages VALUES ('d','x','y',CAST(x'ff61' AS TEXT),0,1e999,'?',7)",
      );
    });
    const bus = await read(path);
    const [nothing, text, bytes, long, number, broken] = bus.messages;
    assert.deepEqual([nothing?.from, nothing?.to.name, nothing?.text], ['unknown', 'unknown', '']);
    assert.equal(text?.text, 'plain bytes');
    assert.deepEqual(bytes?.extra['body'], { base64: '/wA=' });
    assert.equal(long?.text, huge);
    assert.equal(number?.sourceId, '9007199254740993');
    assert.equal(number?.text, 'a\u0000b');
    for (const message of [text, bytes, long]) {
      assert.equal(message?.sentAt, '2026-02-17T10:40:00.000Z');
    }
    assert.equal(number?.sentAt, '2026-02-17T10:40:00.250Z');
    assert.deepEqual(broken?.extra['body'], { base64: '/2E=' });
    assert.equal(broken?.extra['ts'], 0);
    assert.equal(broken?.extra['priority'], 'Infinity');
    assert.equal(broken?.extra['reply_to'], 7);
    assert.equal(broken?.sentAt, null);
    const order = [text, long, number].map((message) => message?.priority);
    assert.deepEqual(order, ['normal', 'high', 'low']);
    assert.equal(problem(bus, /unknown status/), 1);
    assert.equal(problem(bus, /not here/), 1);
    assert.equal(problem(bus, /no UTF-8/), 1);
    for (const { id } of bus.messages) assert.ok(isUuidv7(id), id);
    assert.equal(new Set(idsOf(bus)).size, 6);
    // All of it can be written as JSON, which is how it goes on.
    assert.deepEqual(JSON.parse(JSON.stringify(bus.messages)), bus.messages);
  });

  it('may be there twice: each row is a message, and stays the same one', async () => {
    const row = "('1', 'x', 'y', 'same', 1771324800, 1, 0, NULL)";
    const other = "('1', 'x', 'y', 'other', 1771324800, 1, 0, NULL)";
    const answer = "('2', 'y', 'x', 'to which?', 1771324801, 1, 0, '1')";
    const one = await read(makeDatabase(`${PLAIN} INSERT INTO messages VALUES ${row}`));
    const sql = `${PLAIN} INSERT INTO messages VALUES ${[row, row, other, answer].join()}`;
    const several = await read(makeDatabase(sql));
    assert.equal(new Set(idsOf(several)).size, 4);
    assert.equal(idsOf(several)[0], idsOf(one)[0]);
    // Nobody can know which of the three it answers.
    assert.equal(several.messages[3]?.replyTo, undefined);
    assert.equal(several.messages[3]?.extra['reply_to'], '1');
  });

  it('may name several recipients, channels, skills and names that are none here', async () => {
    const to = ['["a","b","a"]', '#ops', 'skill:sql', '*', 'Zoë Ω', 'Zoë Ψ', 'person', '@bob'];
    const path = makeDatabase(PLAIN, (database) => {
      const insert = database.prepare(
        "INSERT INTO messages VALUES (?, 'x', ?, 't', 0, 1, 0, NULL)",
      );
      for (const [index, name] of to.entries()) insert.run(index, name);
    });
    const names = (await read(path)).messages.map((each) => `${each.to.type}:${each.to.name}`);
    assert.deepEqual(names.slice(0, 5), [
      'agent:a',
      'agent:b',
      'topic:ops',
      'skill:sql',
      'topic:all',
    ]);
    const [omega, psi, person, bob] = names.slice(5);
    assert.match(omega ?? '', /^agent:Zo-[0-9a-f]{6}$/);
    assert.notEqual(omega, psi);
    assert.match(person ?? '', /^agent:person-[0-9a-f]{6}$/);
    assert.equal(bob, 'agent:bob');
    const channels = PLAIN.replace('recipient', 'channel');
    const bus = await read(
      makeDatabase(`${channels} INSERT INTO messages (channel) VALUES ('ops')`),
    );
    assert.deepEqual(bus.messages[0]?.to, { type: 'topic', name: 'ops' });
  });

  it('may count priorities the other way round', async () => {
    const rows = [2, 2, 1, 3].map((number) => `(${number}, 'x', 'y', '', 0, ${number}, 0, NULL)`);
    const path = makeDatabase(`${PLAIN} INSERT INTO messages VALUES ${rows.join()}`);
    const order = async (lowIsUrgent: boolean): Promise<string[]> =>
      (await read(path, { lowIsUrgent })).messages.map(({ priority }) => priority);
    assert.deepEqual(await order(false), ['normal', 'normal', 'low', 'high']);
    assert.deepEqual(await order(true), ['normal', 'normal', 'high', 'low']);
  });
});

describe('a database whose columns are called otherwise', () => {
  const UNCLEAR =
    'CREATE TABLE messages (id, message_id, from_agent, to_agent, channel, body, payload); ' +
    "INSERT INTO messages VALUES (1, 'u', 'x', 'y', 'ops', 'text', '{}')";

  it('is refused where two columns could be meant, all of it at once, with what to type', async () => {
    const error = await assert.rejects(read(makeDatabase(UNCLEAR)), (thrown: Error) => {
      assert.equal(thrown.name, 'import-ambiguous');
      assert.match(thrown.message, /id could be id or message_id; to could be .* text could be/);
      assert.match(
        String(Reflect.get(thrown, 'fix')),
        /--map id=id --map to=to_agent --map text=body/,
      );
      return true;
    });
    assert.equal(error, undefined);
  });

  it('is read as was said, and what was not chosen is kept', async () => {
    const map = ['id=message_id', 'recipient=to_agent', 'body=payload', 'sentAt='];
    const [message] = (await read(makeDatabase(UNCLEAR), { map })).messages;
    assert.deepEqual([message?.sourceId, message?.to.name, message?.text], ['u', 'y', '{}']);
    assert.deepEqual(message?.extra, { id: 1, channel: 'ops', body: 'text' });
  });

  it('is refused when what was said is not there, or nothing tells who wrote what', async () => {
    const refused = (path: string, options: ReadOptions, name: string): Promise<void> =>
      assert.rejects(read(path, options), { name });
    await refused(makeDatabase(UNCLEAR), { map: ['body=text_column'] }, 'import-ambiguous');
    await refused(makeDatabase(UNCLEAR), { map: ['colour=body'] }, 'usage');
    const bare = makeDatabase('CREATE TABLE messages (id, body)');
    await refused(bare, {}, 'import-ambiguous');
    assert.equal((await read(bare, { map: ['from=', 'to='] })).messages.length, 0);
  });

  it('may have no rowid, a column of that name, a generated one, or be a view', async () => {
    const columns = '(id TEXT PRIMARY KEY, sender, recipient, body';
    const tables = [
      `CREATE TABLE messages ${columns}) WITHOUT ROWID`,
      `CREATE TABLE Message ${columns}, rowid, _rowid_)`,
      `CREATE TABLE messages ${columns}, length AS (length(body)))`,
      `CREATE TABLE m ${columns}); CREATE VIEW messages AS SELECT * FROM m`,
    ];
    for (const sql of tables) {
      const table = /TABLE (\w+)/.exec(sql)?.[1] ?? '';
      const insert = `INSERT INTO ${table} (id, sender, recipient, body) VALUES ('b','x','y','2'), ('a','x','y','1')`;
      const bus = await read(makeDatabase(`${sql}; ${insert}`));
      assert.equal(bus.messages.length, 2, sql);
    }
    const bus = await read(
      makeDatabase(
        tables[2] +
          "; INSERT INTO messages (id, sender, recipient, body) VALUES ('b','x','y','22')",
      ),
    );
    assert.equal(bus.messages[0]?.extra['length'], 2);
  });
});

describe('what is no database of messages', () => {
  const refusal = async (path: string, options: ReadOptions = {}): Promise<string> => {
    let told = '';
    await assert.rejects(read(path, options), (thrown: Error) => {
      assert.equal(thrown.name, 'import-unreadable');
      told = `${thrown.message}. ${String(Reflect.get(thrown, 'fix'))}`;
      return true;
    });
    return told;
  };

  it('is refused with what it is', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'text.db'), 'no database at all\n'.repeat(100));
    writeFileSync(join(folder, 'empty.db'), '');
    mkdirSync(join(folder, 'folder.db'));
    assert.match(await refusal(join(folder, 'text.db')), /not a database/);
    assert.match(await refusal(join(folder, 'empty.db')), /no tables at all/);
    assert.match(await refusal(join(folder, 'missing.db')), /unable to open/);
    await refusal(join(folder, 'folder.db'));
    // Nothing is made where nothing was.
    assert.ok(!readdirSync(folder).includes('missing.db'));
    const other = makeDatabase('CREATE TABLE queue (id, sender, recipient, body)');
    assert.match(await refusal(other), /no table "messages".*--table; it has queue/);
    assert.equal((await read(other, { table: 'queue' })).mapping[0]?.table, 'queue');
  });

  it('is refused when it is damaged inside', async () => {
    const rows = Array.from(
      { length: 2_000 },
      (_, index) => `(${index}, 'x', 'y', 'text', 0, 1, 0, NULL)`,
    );
    const path = makeDatabase(`${PLAIN} INSERT INTO messages VALUES ${rows.join()}`);
    assert.equal((await read(path)).messages.length, 2_000);
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 4096 * 3, 4096 * 6);
    writeFileSync(path, bytes);
    assert.match(await refusal(path), /malformed/);
  });
});

const WRITER = `
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(process.argv[1]);
database.exec('PRAGMA journal_mode = ' + process.argv[2] + '; PRAGMA busy_timeout = 10000');
const insert = database.prepare('INSERT INTO messages (id, sender, recipient, body, ts) VALUES (?, ?, ?, ?, ?)');
for (let pair = 0; ; pair += 1) {
  database.exec('BEGIN IMMEDIATE');
  for (const half of ['first', 'second']) insert.run(pair + half, 'x', 'y', half, 1771324800 + pair);
  database.exec('COMMIT');
  if (pair % 20 === 0) require('node:fs').writeSync(1, 'at work\\n');
}`;

const KILLED = `
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(process.argv[1]);
database.exec('PRAGMA journal_mode = ' + process.argv[2] + '; PRAGMA cache_size = 1; PRAGMA cache_spill = 1');
database.exec("INSERT INTO messages (id, sender, recipient, body) VALUES ('kept', 'x', 'y', 'kept')");
database.exec("BEGIN; UPDATE messages SET body = 'half'");
database.exec("INSERT INTO messages (body) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT hex(randomblob(500)) FROM n");
process.kill(process.pid, 'SIGKILL');`;

describe('a database whose program was killed inside a transaction', () => {
  for (const mode of ['WAL', 'DELETE']) {
    it(`is read without what was half done, and left as it is (${mode})`, async () => {
      const path = makeDatabase(PLAIN);
      spawnSync(process.execPath, ['-e', KILLED, path, mode]);
      const ending = mode === 'WAL' ? '-wal' : '-journal';
      const before = readFileSync(path).toString('hex');
      assert.ok(statSync(`${path}${ending}`).size > 0);
      const bus = await read(path);
      assert.deepEqual(
        bus.messages.map(({ text }) => text),
        ['kept'],
      );
      assert.equal(readFileSync(path).toString('hex'), before);
      assert.ok(statSync(`${path}${ending}`).size > 0);
      if (mode === 'WAL') {
        // Without its log the message is not there: reading the file alone would lose it.
        const bare = join(tempFolder(), 'bare.db');
        copyFileSync(path, bare);
        assert.deepEqual((await read(bare)).messages, []);
      } else {
        // Who only reads may not roll it back.
        const reader = new DatabaseSync(path, { readOnly: true });
        assert.throws(() => reader.exec('SELECT * FROM messages'), /readonly/);
        reader.close();
      }
    });
  }
});

describe('a database that its programs go on writing', () => {
  for (const mode of ['WAL', 'DELETE']) {
    it(`is read as of one moment (${mode})`, async () => {
      const path = makeDatabase(PLAIN);
      const writer = spawn(process.execPath, ['-e', WRITER, path, mode], { stdio: 'pipe' });
      try {
        await once(writer.stdout, 'data');
        const bus = await openChaiwala(path);
        const twice = [[...bus.messages()], [...bus.messages()]];
        assert.equal(bus.survey.messages, twice[0]?.length);
        assert.deepEqual(twice[0], twice[1]);
        // The two halves of a transaction are there, or neither is.
        assert.ok(bus.survey.messages >= 2);
        assert.equal(bus.survey.messages % 2, 0);
        // Writing goes on while this bus is still open.
        await once(writer.stdout, 'data');
        bus.close();
      } finally {
        writer.kill('SIGKILL');
        await once(writer, 'exit');
      }
      // What was in the log of a killed writer is read as well.
      const after = await read(path);
      assert.equal(after.survey.messages % 2, 0);
      assert.ok(readdirSync(dirname(path)).every((name) => name.startsWith('message_bus.db')));
    });
  }

  it('may be written while it is open here, which a reader inside of it would not let', async () => {
    const path = exampleDatabase((database) => database.exec('PRAGMA journal_mode = DELETE'));
    const write = (): void => {
      const writer = new DatabaseSync(path, { timeout: 0 });
      try {
        writer.exec("UPDATE messages SET status = 'read'");
      } finally {
        writer.close();
      }
    };
    const bus = await openChaiwala(path);
    const messages = bus.messages()[Symbol.iterator]();
    messages.next();
    write();
    bus.close();
    const reader = new DatabaseSync(path, { readOnly: true });
    reader.exec('BEGIN; SELECT * FROM messages');
    assert.throws(write, /locked/);
    reader.close();
  });
});
