/**
 * Every way to change a record behind its back that we could think of is found, and the commit or
 * event is named. Beside each stands the untouched copy of the same space, which is whole.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import type { Signer } from '#identity/signer.ts';
import type { ChainHead } from '#ledger/ledger.ts';
import { commitId, eventHash } from '#ledger/store/commit-writer.ts';
import { openLedgerDatabase } from '#ledger/store/database.ts';
import { openHeadFile } from '#ledger/store/head-file.ts';
import { decodeHeader, encodeHeader, signedBytes, type CommitHeader } from '#protocol/commit.ts';
import { missionStory } from '../support/mission-story.ts';
import {
  alter,
  copySpace,
  findings,
  kindsOf,
  makeSpace,
  verifyFolder,
  type SpaceFolder,
} from '../support/space-folder.ts';
import { makeTestLedger, newSigner, note, SPACE } from '../support/test-ledger.ts';

const whole = makeSpace((ledger, blob) => {
  for (const { name, input } of missionStory('m')) {
    // The plan names contents, so they have to be there.
    const contents = { ...blob('some contents that are long enough to be packed '.repeat(9)) };
    const after = input['data'] === undefined ? {} : { after: blob('after') };
    const data = { ...(input['data'] as object | undefined), ...after };
    ledger.store(name, { ...input, contents, ...(input['data'] === undefined ? {} : { data }) });
  }
  ledger.flush(...['one', 'two', 'three'].map((text) => ledger.pending('note.record', note(text))));
  ledger.store('note.record', note('last'));
});

interface Row {
  readonly position: number;
  readonly hash: string;
  readonly header: CommitHeader;
  readonly signature: Uint8Array;
}

/** The commits of the untouched space. */
const commits: Row[] = [];
alter(whole, (database) => {
  for (const row of database.prepare('SELECT * FROM commits ORDER BY position').all()) {
    commits.push({
      position: Number(row['position']),
      hash: String(row['hash']),
      header: decodeHeader(row['header'] as Uint8Array),
      signature: row['signature'] as Uint8Array,
    });
  }
});

const commit = (index: number): Row => commits.at(index) as Row;
const eventId = (index: number, event = 0): string => commit(index).header.events[event]?.id ?? '';

/** Damages a copy and answers what verify finds. */
function damageBy(change: (database: DatabaseSync, space: SpaceFolder) => void): SpaceFolder {
  const copy = copySpace(whole);
  alter(copy, (database) => change(database, copy));
  return copy;
}

const found = (change: (database: DatabaseSync, space: SpaceFolder) => void): string[] =>
  findings(verifyFolder(damageBy(change)));

const FLIP = (column: string): string => `CAST(replace(${column}, '"', '#') AS BLOB)`;

describe('the untouched space', () => {
  it('is whole, with an anchor outside too', () => {
    const report = verifyFolder(copySpace(whole), [whole.head]);
    assert.deepEqual(report.damage, []);
    assert.deepEqual(report.head, whole.head);
    assert.deepEqual([report.commits, report.blobs, report.pruned], [commits.length, 2, 0]);
    assert.equal(report.anchoredSeq, commits.length);
  });

  it('is still whole when it was opened and closed again', () => {
    const copy = copySpace(whole);
    const database = openLedgerDatabase(join(copy.folder, 'ledger.db'));
    makeTestLedger({ database, signer: copy.signer, epoch: 7 });
    database.close();
    assert.deepEqual(verifyFolder(copy).damage, []);
  });
});

describe('a change of one event', () => {
  it('in its body is found', () => {
    const id = eventId(-1);
    const all = found((database) => {
      database.exec(`UPDATE events SET body = ${FLIP('body')}
        WHERE position = (SELECT max(position) FROM events)`);
    });
    assert.deepEqual(all, [`event-changed ${id}`]);
  });

  it('in its salt, type or mission is found', () => {
    const of = (set: string): string[] =>
      found((database) => database.exec(`UPDATE events SET ${set} WHERE position = 2`));
    assert.ok(of("salt = x'00'").includes(`event-changed ${eventId(1)}`));
    assert.deepEqual(of("type = 'mission.done'"), [`index-differs ${eventId(1)}`]);
    assert.deepEqual(of("mission = 'other'"), [`index-differs ${eventId(1)}`]);
  });

  it('that removes its row names this event, not its neighbours', () => {
    const index = commits.findIndex(({ header }) => header.events.length === 3);
    for (const event of [0, 1, 2]) {
      const id = eventId(index, event);
      const all = found((database) => {
        const body = `%"id":"${id}"%`;
        database.prepare('DELETE FROM events WHERE CAST(body AS TEXT) LIKE ?').run(body);
      });
      assert.deepEqual(all, [`event-missing ${id}`]);
    }
  });

  it('that empties its body is found: nothing on the record explains it', () => {
    const all = found((database) => {
      database.exec('UPDATE events SET body = NULL, salt = NULL WHERE position = 1');
    });
    assert.ok(all.includes(`event-missing ${eventId(0)}`));
  });

  it('that swaps it with another names both', () => {
    const index = commits.findIndex(({ header }) => header.events.length === 3);
    const swap = (a: string, b: string) => (database: DatabaseSync) => {
      const read = database.prepare(
        'SELECT position, salt, body FROM events WHERE CAST(body AS TEXT) LIKE ?',
      );
      const [first, second] = [a, b].map((id) => read.get(`%"id":"${id}"%`) ?? {});
      const write = database.prepare('UPDATE events SET salt = ?, body = ? WHERE position = ?');
      write.run(first?.['salt'] as never, first?.['body'] as never, second?.['position'] as never);
      write.run(second?.['salt'] as never, second?.['body'] as never, first?.['position'] as never);
    };
    const within = [eventId(index, 0), eventId(index, 2)] as const;
    assert.deepEqual(
      found(swap(...within)),
      within.map((id) => `commit-reordered ${id}`),
    );
    const across = [eventId(index, 0), eventId(-1)] as const;
    assert.deepEqual(
      found(swap(...across)),
      across.map((id) => `event-changed ${id}`),
    );
  });

  it('that adds a row is found, wherever it is put', () => {
    for (const position of [-5, 0, 1_000]) {
      const all = found((database) => {
        database
          .prepare("INSERT INTO events VALUES (?, 3, 'x.y', NULL, x'00', x'7b7d')")
          .run(position);
      });
      assert.deepEqual(all, [`event-extra position ${position}`]);
    }
  });

  it('that files it under another commit is found', () => {
    const all = found((database) => {
      database.exec('UPDATE events SET commit_position = 2 WHERE position = 1');
    });
    assert.deepEqual(all, [`index-differs ${eventId(0)}`]);
  });
});

describe('a change of one commit', () => {
  it('in a byte of its header is found', () => {
    for (const index of [2, -1]) {
      const all = found((database) => {
        const header = JSON.stringify(commit(index).header).replace(/"hlc":"0/, '"hlc":"1');
        const write = database.prepare('UPDATE commits SET header = ? WHERE position = ?');
        write.run(Buffer.from(header), commit(index).position);
      });
      assert.ok(all.includes(`header-changed ${commit(index).hash}`), all.join('\n'));
      assert.ok(all.includes(`signature-forged ${commit(index).hash}`), all.join('\n'));
    }
  });

  it('that makes its header unreadable names it alone', () => {
    const all = found((database) => {
      database.exec(`UPDATE commits SET header = ${FLIP('header')}
        WHERE position = (SELECT max(position) - 1 FROM commits)`);
    });
    const [first, ...rest] = all;
    assert.equal(first, `header-unreadable ${commit(-2).hash}`);
    assert.deepEqual(rest, [`commit-missing ${whole.head.chain}:${commits.length - 1}`]);
  });

  it('in its signature is found', () => {
    for (const index of [1, -1]) {
      const { hash, position, signature } = commit(index);
      const all = found((database) => {
        const forged = Uint8Array.from(signature, (byte, at) => (at === 40 ? byte ^ 1 : byte));
        database
          .prepare('UPDATE commits SET signature = ? WHERE position = ?')
          .run(forged, position);
      });
      assert.ok(all.includes(`signature-forged ${hash}`), all.join('\n'));
      assert.ok(all.includes(`header-changed ${hash}`), all.join('\n'));
    }
  });

  it('in its columns is found', () => {
    for (const set of ["chain = 'ff'", 'seq = 99', "hash = 'ff'"]) {
      const all = found((database) =>
        database.exec(`UPDATE commits SET ${set} WHERE position = 3`),
      );
      assert.equal(all.length, 1, all.join('\n'));
    }
  });

  it('that removes it is found, its events too', () => {
    const { position, header } = commit(4);
    const all = found((database) => {
      database.prepare('DELETE FROM commits WHERE position = ?').run(position);
    });
    assert.ok(all.includes(`commit-missing ${header.chain}:5`));
    assert.ok(all.some((each) => each.startsWith('event-extra')));
    const clean = kindsOf(
      verifyFolder(
        damageBy((database) => {
          database.prepare('DELETE FROM commits WHERE position = ?').run(position);
          database.prepare('DELETE FROM events WHERE commit_position = ?').run(position);
        }),
      ),
    );
    assert.ok(clean.includes('commit-missing') && !clean.includes('event-changed'), `${clean}`);
  });

  it('that swaps it with the next one names the one that came late, and none as missing', () => {
    const [a, b] = [commit(-2).position, commit(-1).position];
    const all = found((database) => {
      for (const [table, column] of [
        ['commits', 'position'],
        ['events', 'commit_position'],
      ]) {
        database.exec(`UPDATE ${table} SET ${column} = -1 WHERE ${column} = ${a};
          UPDATE ${table} SET ${column} = ${a} WHERE ${column} = ${b};
          UPDATE ${table} SET ${column} = ${b} WHERE ${column} = -1`);
      }
    });
    assert.ok(all.includes(`commit-reordered ${commit(-2).hash}`), all.join('\n'));
    assert.ok(
      all.every((each) => !each.startsWith('commit-missing')),
      all.join('\n'),
    );
  });
});

describe('a forger without the key', () => {
  it('who edits an event and its hashes is found', () => {
    const { hash } = commit(5);
    const copy = damageBy((database) => rewrite(database, 5, false));
    const all = findings(verifyFolder(copy));
    assert.ok(
      all.some((each) => each.startsWith('signature-forged')),
      all.join('\n'),
    );
    assert.ok(
      all.some((each) => each.startsWith('header-changed')),
      all.join('\n'),
    );
    assert.ok(
      all.every((each) => !each.includes(hash)),
      'its old id is gone with it',
    );
  });

  it('who links all later commits anew is found at the first one he touched', () => {
    const copy = damageBy((database) => rewrite(database, 5, true));
    let sixth = '';
    alter(copy, (database) => {
      sixth = String(
        database.prepare('SELECT hash FROM commits WHERE position = 6').get()?.['hash'],
      );
    });
    const forged = findings(verifyFolder(copy)).filter((each) => each.startsWith('signature'));
    assert.ok(forged.includes(`signature-forged ${sixth}`), forged.join('\n'));
    assert.equal(forged.length, commits.length - 5, 'all from there on, none before');
  });

  it('who adds a commit in his own name is found', () => {
    const stranger = newSigner();
    const chain = 'ee'.repeat(16);
    const cases = [
      ['guardrail.passed', SPACE],
      ['space.created', SPACE],
      ['space.created', 'ff'.repeat(16)],
    ] as const;
    for (const [type, subject] of cases) {
      const copy = damageBy((database) => {
        append(database, stranger, { chain, seq: 1, prev: null, subject }, type);
      });
      const all = findings(verifyFolder(copy));
      assert.match(all[0] ?? '', /^author-unknown [0-9a-f]{64}$/);
    }
  });

  it('who continues the chain of another is found', () => {
    const { chain, seq, hash: prev } = whole.head;
    const copy = damageBy((database) => {
      append(database, newSigner(), { chain, seq: seq + 1, prev }, 'guardrail.passed');
    });
    assert.deepEqual(kindsOf(verifyFolder(copy)).toSorted(), ['author-unknown', 'commit-foreign']);
  });

  it('who puts a record of his own in its place is found', () => {
    const other = makeSpace((ledger) => ledger.store('note.record', note('mine')));
    assert.deepEqual(verifyFolder(other).damage, []);
    const report = verifyFolder({ ...other, signer: whole.signer });
    assert.deepEqual(findings(report), [`author-unknown ${SPACE}`]);
  });

  it('who brings a commit of another space is found, also when it was signed by the owner', () => {
    const copy = damageBy((database) => {
      const { chain, seq, hash: prev } = whole.head;
      const at = { chain, seq: seq + 1, prev, space: 'ff'.repeat(16) };
      append(database, whole.signer, at, 'guardrail.passed');
    });
    assert.deepEqual(kindsOf(verifyFolder(copy)), ['commit-foreign']);
  });
});

describe('what is beside the chain', () => {
  it('entities: a changed, missing, added or unreadable row is found', () => {
    const of = (sql: string): string[] => found((database) => database.exec(sql));
    const name = 'state-differs mission/m';
    assert.deepEqual(of("UPDATE entities SET version = 1 WHERE kind = 'mission'"), [name]);
    assert.deepEqual(of("UPDATE entities SET body = '{}' WHERE kind = 'mission'"), [name]);
    assert.deepEqual(of("UPDATE entities SET body = '{' WHERE kind = 'mission'"), [name]);
    assert.deepEqual(of("UPDATE entities SET home = 'me' WHERE kind = 'mission'"), [name]);
    assert.deepEqual(of("DELETE FROM entities WHERE kind = 'mission'"), [name]);
    const added = "INSERT INTO entities VALUES ('mission', 'x', 1, 'me', '{}')";
    assert.deepEqual(of(added), ['state-differs mission/x']);
  });

  it('entities folded by other reducers are said to be', () => {
    const all = found((database) => {
      database.exec("UPDATE meta SET value = '0' WHERE key = 'reducers'");
    });
    assert.deepEqual(all, ['state-differs reducers']);
  });

  it('ids: a changed, missing or added row is found', () => {
    const of = (sql: string): string[] => found((database) => database.exec(sql));
    assert.ok(of('DELETE FROM ids WHERE position = 2').includes(`index-differs ${eventId(1)}`));
    assert.ok(
      of("UPDATE ids SET id = x'00' WHERE position = 2").includes(`index-differs ${eventId(1)}`),
    );
    assert.deepEqual(of('UPDATE ids SET count = 0 WHERE position = 2'), [
      `index-differs ${eventId(1)}`,
    ]);
    assert.equal(of('UPDATE ids SET count = 2 WHERE position = 2').length, 2);
    const merged =
      'UPDATE ids SET count = 2 WHERE position = 2; DELETE FROM ids WHERE position = 3';
    assert.deepEqual(of(merged), [`index-differs ${eventId(2)}`]);
    assert.equal(of('UPDATE ids SET count = 9 WHERE position > 20').length > 0, true);
    assert.deepEqual(of("INSERT INTO ids VALUES (x'ff', 900, 1)"), ['index-differs ff']);
    assert.deepEqual(of("INSERT INTO ids VALUES (x'ff', 2, 1)"), ['index-differs ff']);
  });

  it('the tables themselves: a trigger, a dropped index, another format are found', () => {
    const damaged = ['file-damaged ledger.db'];
    const trigger = 'CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM entities; END';
    assert.deepEqual(
      found((database) => database.exec(trigger)),
      damaged,
    );
    assert.deepEqual(
      found((database) => database.exec('DROP INDEX events_by_mission')),
      damaged,
    );
    assert.deepEqual(
      found((database) => database.exec('PRAGMA user_version = 2')),
      damaged,
    );
  });

  it('blobs: changed, missing, misnamed and unpackable ones are found', () => {
    const of = (sql: string, content?: Uint8Array): string[] => {
      const copy = copySpace(whole);
      const run = (database: DatabaseSync): void => {
        database.prepare(sql).run(...(content === undefined ? [] : [content]));
      };
      alter(copy, run, 'blobs.db');
      return kindsOf(verifyFolder(copy));
    };
    assert.deepEqual(of("UPDATE blobs SET content = x'00' WHERE encoding = 'plain'"), [
      'blob-changed',
    ]);
    assert.deepEqual(of("UPDATE blobs SET content = x'00' WHERE encoding = 'zstd'"), [
      'blob-changed',
    ]);
    assert.deepEqual(of("UPDATE blobs SET encoding = 'gzip' WHERE encoding = 'zstd'"), [
      'blob-changed',
    ]);
    assert.deepEqual(of("UPDATE blobs SET bytes = bytes + 1 WHERE encoding = 'plain'"), [
      'blob-changed',
    ]);
    const renamed = "UPDATE blobs SET hash = 'ff' WHERE encoding = 'plain'";
    assert.deepEqual(of(renamed), ['blob-changed', 'blob-missing']);
    assert.deepEqual(of('DELETE FROM blobs'), ['blob-missing']);
    const bomb = zstdCompressSync(Buffer.alloc(80 * 1024 * 1024));
    assert.ok(bomb.length < 20_000, 'it is small on disk');
    assert.deepEqual(of('UPDATE blobs SET content = ?, bytes = 83886080', bomb), ['blob-changed']);
  });
});

describe('the anchor', () => {
  const cut = (database: DatabaseSync): void => {
    const { position, header } = commit(-1);
    const first = whole.head.seq === position ? header.events.length : 0;
    database.exec(`DELETE FROM commits WHERE position = ${position};
      DELETE FROM ids WHERE position > (SELECT max(position) - ${first} FROM events);
      DELETE FROM events WHERE commit_position = ${position}`);
  };

  it('shows a cut tail, and which commits are gone', () => {
    assert.deepEqual(found(cut), [`tail-cut ${whole.head.chain}:${whole.head.seq}`]);
  });

  it('is what shows it: without an anchor at that commit nothing does', () => {
    const copy = damageBy(cut);
    const before = commit(-2);
    writeAnchor(copy, { ...whole.head, seq: whole.head.seq - 1, hash: before.hash });
    assert.deepEqual(verifyFolder(copy).damage, []);
    const outside = verifyFolder(copy, [whole.head]);
    assert.deepEqual(findings(outside), [`tail-cut ${whole.head.chain}:${whole.head.seq}`]);
  });

  it('shows a ledger put back from an older backup', () => {
    const copy = copySpace(whole);
    const backup = join(copy.folder, 'backup');
    copyFileSync(join(copy.folder, 'ledger.db'), backup);
    const database = openLedgerDatabase(join(copy.folder, 'ledger.db'));
    const ledger = makeTestLedger({ database, signer: copy.signer, epoch: 2, seed: 5 });
    ledger.store('note.record', note('after the backup'));
    const { chain, seq } = writeAnchor(copy, ledger.core.head as ChainHead);
    database.close();
    assert.deepEqual(verifyFolder(copy).damage, []);
    copyFileSync(backup, join(copy.folder, 'ledger.db'));
    assert.deepEqual(findings(verifyFolder(copy)), [`tail-cut ${chain}:${seq}`]);
  });

  it('of another ledger, or of another commit, is found', () => {
    const copy = copySpace(whole);
    writeAnchor(copy, { ...whole.head, hash: 'ff'.repeat(32) });
    const { chain, seq } = whole.head;
    assert.deepEqual(findings(verifyFolder(copy)), [`anchor-differs ${chain}:${seq}`]);
    writeAnchor(copy, { ...whole.head, chain: 'aa'.repeat(16) });
    assert.deepEqual(findings(verifyFolder(copy)), [`tail-cut ${'aa'.repeat(16)}:1`]);
    assert.deepEqual(kindsOf(verifyFolder(copySpace(whole), [{ chain, seq, hash: 'ff' }])), [
      'anchor-differs',
    ]);
  });

  it('that is missing, empty, unreadable or altered is found', () => {
    const of = (change: (path: string) => void): string[] => {
      const copy = copySpace(whole);
      change(join(copy.folder, 'head'));
      return findings(verifyFolder(copy));
    };
    const missing = ['anchor-missing head'];
    assert.deepEqual(
      of((path) => rmSync(path)),
      missing,
    );
    assert.deepEqual(
      of((path) => truncateSync(path, 0)),
      missing,
    );
    assert.deepEqual(
      of((path) => writeFileSync(path, 'x'.repeat(512))),
      missing,
    );
    const folder = (path: string): void => {
      rmSync(path);
      mkdirSync(path);
    };
    assert.deepEqual(of(folder), missing);
  });
});

describe('a file that SQLite refuses', () => {
  it('is a finding, not a crash', () => {
    for (const file of ['ledger.db', 'blobs.db']) {
      const copy = copySpace(whole);
      writeFileSync(join(copy.folder, file), 'this is not a database, it is a line of text');
      assert.ok(findings(verifyFolder(copy)).includes(`file-damaged ${file}`));
      rmSync(join(copy.folder, file));
      assert.ok(findings(verifyFolder(copy)).includes(`file-damaged ${file}`));
      const short = copySpace(whole);
      truncateSync(join(short.folder, file), 4_096);
      assert.ok(findings(verifyFolder(short)).includes(`file-damaged ${file}`));
    }
  });

  it('and a whole folder that is gone too', () => {
    const copy = copySpace(whole);
    rmSync(copy.folder, { recursive: true });
    assert.deepEqual(kindsOf(verifyFolder(copy)), ['file-damaged', 'anchor-missing']);
  });
});

function writeAnchor({ folder }: SpaceFolder, head: ChainHead): ChainHead {
  rmSync(join(folder, 'head'), { force: true });
  const file = openHeadFile(join(folder, 'head'));
  file.write(head);
  file.close();
  return head;
}

/** Edits the event of a commit and everything that needs no key; `relink` goes on to the end. */
function rewrite(database: DatabaseSync, index: number, relink: boolean): void {
  const write = database.prepare('UPDATE commits SET header = ?, hash = ? WHERE position = ?');
  let prev: string | undefined;
  for (const { header, position, signature } of commits.slice(
    index,
    relink ? undefined : index + 1,
  )) {
    let next: CommitHeader = prev === undefined ? header : { ...header, prev };
    if (prev === undefined) {
      const row = database.prepare('SELECT * FROM events WHERE commit_position = ?').get(position);
      const body = String(Buffer.from(row?.['body'] as Uint8Array)).replace('human', 'peer');
      database
        .prepare('UPDATE events SET body = ? WHERE position = ?')
        .run(Buffer.from(body), row?.['position'] as number);
      const hash = eventHash(row?.['salt'] as Uint8Array, Buffer.from(body));
      const [first, ...rest] = header.events;
      next = { ...header, events: [{ id: first?.id ?? '', hash }, ...rest] };
    }
    prev = commitId(encodeHeader(next), signature);
    write.run(encodeHeader(next), prev, position);
  }
}

interface AppendAt {
  readonly chain: string;
  readonly seq: number;
  readonly prev: string | null;
  readonly space?: string;
  /** The space its event is about. */
  readonly subject?: string;
}

/** Appends a well-made commit of one event by whoever holds the key. */
function append(
  database: DatabaseSync,
  signer: Signer,
  { subject, ...at }: AppendAt,
  type: string,
): void {
  const id = '01ffffff-0000-7000-8000-000000000001';
  const salt = Buffer.alloc(16);
  const data =
    type === 'space.created' ? { owner: signer.key, format: 1 } : { guardrail: 'g', detail: 'd' };
  const body = Buffer.from(
    JSON.stringify({
      id,
      type,
      subject: `space/${subject ?? SPACE}`,
      time: '2026-11-21T00:00:00.000Z',
      actor: 'stranger',
      authority: 'human',
      traceId: 'aa',
      spanId: 'bb',
      data,
    }),
  );
  const header = encodeHeader({
    format: 1,
    space: SPACE,
    author: signer.key,
    ...at,
    hlc: '000000000000000-000000',
    seen: [],
    events: [{ id, hash: eventHash(salt, body) }],
  });
  const signature = signer.sign(signedBytes(header));
  const last = database
    .prepare('SELECT (SELECT max(position) FROM commits) c, (SELECT max(position) FROM events) e')
    .get();
  const [commitAt, eventAt] = [Number(last?.['c']) + 1, Number(last?.['e']) + 1];
  database
    .prepare('INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?)')
    .run(commitAt, at.chain, at.seq, commitId(header, signature), header, signature);
  database
    .prepare('INSERT INTO events VALUES (?, ?, ?, NULL, ?, ?)')
    .run(eventAt, commitAt, type, salt, body);
  database
    .prepare('INSERT INTO ids VALUES (?, ?, 1)')
    .run(Buffer.from(id.replaceAll('-', ''), 'hex'), eventAt);
}
