/**
 * A process that dies while it prunes: at every durable step the record is whole, nothing is gone
 * that was not announced, and the next writer finishes.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import type { PrunePoint } from '#ledger/prune/erase-pruned.ts';
import { openSpaceWriter, tellMission, type SpaceWriter } from '../support/prunable-space.ts';
import { alter, findings, temporaryFolder, verifyFolder } from '../support/space-folder.ts';
import { human } from '../support/test-ledger.ts';

const POINTS: readonly PrunePoint[] = ['prepared', 'announced', 'blobs-gone', 'bodies-gone'];
const FILES = ['ledger.db', 'ledger.db-wal', 'blobs.db', 'blobs.db-wal', 'head'];

/** The files as kill -9 leaves them. */
function freeze(folder: string): string {
  const image = temporaryFolder();
  for (const file of FILES) {
    if (existsSync(join(folder, file))) cpSync(join(folder, file), join(image, file));
  }
  return image;
}

/** Three missions of which two are pruned; the files at each step of it, and as they end. */
function pruneFrozen() {
  const writer = openSpaceWriter();
  for (const token of [1, 2, 3]) tellMission(writer, { mission: `m${token}`, token });
  const images = new Map<PrunePoint, string>();
  const [planned] = writer.prune(['m1', 'm2'], 'bodies', (point) => {
    images.set(point, freeze(writer.folder));
  });
  const end = verifyFolder(writer);
  assert.deepEqual(end.damage, []);
  writer.close();
  return { images, end, signer: writer.signer, blobs: planned?.blobs ?? [] };
}

/** What a look into the files says: how many events are pruned, what is announced, what blobs left. */
function look(folder: string) {
  const ledger = new DatabaseSync(join(folder, 'ledger.db'));
  const blobs = new DatabaseSync(join(folder, 'blobs.db'));
  const count = (database: DatabaseSync, sql: string): number =>
    Number(Object.values(database.prepare(sql).get() ?? {})[0]);
  const seen = {
    empty: count(ledger, 'SELECT count(*) FROM events WHERE body IS NULL'),
    announced: count(ledger, "SELECT count(*) FROM events WHERE type = 'record.pruned'"),
    note: count(ledger, "SELECT count(*) FROM meta WHERE key = 'pruning'"),
    blobs: new Set(
      blobs
        .prepare('SELECT hash FROM blobs')
        .all()
        .map((row) => String(row['hash'])),
    ),
  };
  for (const database of [ledger, blobs]) database.close();
  return seen;
}

/** The next writer opens the files, and finishes as the node does. */
function reopen(folder: string, signer: SpaceWriter['signer'], epoch = 2): SpaceWriter {
  const writer = openSpaceWriter({ folder, signer, epoch });
  writer.finish();
  return writer;
}

describe('a prune that was cut off', () => {
  const { images, end, signer, blobs } = pruneFrozen();

  for (const point of POINTS) {
    it(`is announced or nothing is gone, and whole: ${point}`, () => {
      const folder = freeze(images.get(point) as string);
      const seen = look(folder);
      if (seen.announced === 0) {
        assert.equal(seen.empty, 0);
        assert.ok(blobs.every((hash) => seen.blobs.has(hash)));
      }
      const { damage, pruned } = verifyFolder({ folder, signer });
      assert.deepEqual([damage, pruned], [[], seen.empty]);
    });

    it(`is finished by the next writer: ${point}`, () => {
      const folder = freeze(images.get(point) as string);
      reopen(folder, signer).close();
      const seen = look(folder);
      const { damage, pruned, stateHash } = verifyFolder({ folder, signer });
      assert.deepEqual([damage, stateHash, seen.note], [[], end.stateHash, 0]);
      // Killed before it was announced: then it was never decided.
      const isAnnounced = point !== 'prepared';
      assert.deepEqual([pruned, seen.announced], isAnnounced ? [end.pruned, 2] : [0, 0]);
      assert.equal(
        blobs.some((hash) => seen.blobs.has(hash)),
        !isAnnounced,
      );
    });

    it(`can be pruned again before anybody has finished: ${point}`, () => {
      const folder = freeze(images.get(point) as string);
      const writer = openSpaceWriter({ folder, signer, epoch: 2 });
      writer.prune(['m1', 'm2']);
      writer.close();
      const { damage, pruned, stateHash } = verifyFolder({ folder, signer });
      assert.deepEqual([damage, pruned, stateHash], [[], end.pruned, end.stateHash]);
      assert.equal(look(folder).note, 0);
    });
  }

  it('is finished also when the finishing is cut off', () => {
    const folder = freeze(images.get('announced') as string);
    const again = new Map<PrunePoint, string>();
    const writer = openSpaceWriter({ folder, signer, epoch: 2 });
    writer.finish((point) => void again.set(point, freeze(folder)));
    writer.close();
    assert.deepEqual([...again.keys()], ['blobs-gone', 'bodies-gone']);
    for (const image of again.values()) {
      assert.deepEqual(verifyFolder({ folder: image, signer }).damage, []);
      reopen(image, signer, 3).close();
      const { damage, pruned } = verifyFolder({ folder: image, signer });
      assert.deepEqual([damage, pruned], [[], end.pruned]);
    }
  });

  it('is finished late without what was named again meanwhile', () => {
    const folder = freeze(images.get('announced') as string);
    const writer = openSpaceWriter({ folder, signer, epoch: 2 });
    const content = (): string => 'm1 has changed src/a.ts\n';
    const { hash } = writer.blob(content());
    assert.ok(blobs.includes(hash), 'it was announced to go');
    // There was no room to finish, and another mission writes the same.
    tellMission(writer, { mission: 'm4', token: 4, content });
    writer.finish();
    writer.close();
    const { damage, pruned } = verifyFolder({ folder, signer });
    assert.deepEqual([damage, pruned], [[], end.pruned]);
    const left = look(folder).blobs;
    assert.deepEqual(
      blobs.filter((each) => left.has(each)),
      [hash],
    );
  });

  it('is not whole when something went before it was announced (the twin)', () => {
    const folder = freeze(images.get('prepared') as string);
    alter({ folder } as never, (database) => {
      database.exec(`UPDATE events SET type = NULL, salt = NULL, body = NULL WHERE mission = 'm1'`);
    });
    const missing = findings(verifyFolder({ folder, signer }));
    assert.ok(missing.filter((finding) => finding.startsWith('event-missing ')).length > 10);
    const bare = freeze(images.get('prepared') as string);
    alter(
      { folder: bare } as never,
      (database) => database.prepare('DELETE FROM blobs WHERE hash = ?').run(blobs[0] ?? ''),
      'blobs.db',
    );
    assert.match(findings(verifyFolder({ folder: bare, signer })).join(), /^blob-missing /u);
  });
});

describe('finishing a prune', () => {
  it('does only what this node has signed', () => {
    const { images, signer } = pruneFrozen();
    const forged = freeze(images.get('announced') as string);
    alter({ folder: forged } as never, (database) => {
      // What was announced is made to name another mission.
      database.exec(`UPDATE events SET body = CAST(replace(CAST(body AS TEXT), '"m2"', '"m3"') AS BLOB)
        WHERE type = 'record.pruned' AND mission = 'm2'`);
    });
    reopen(forged, signer).close();
    const left = new DatabaseSync(join(forged, 'ledger.db'));
    const bodies = (mission: string): number =>
      Number(
        left
          .prepare('SELECT count(*) AS n FROM events WHERE mission = ? AND body IS NOT NULL')
          .get(mission)?.['n'],
      );
    assert.ok(bodies('m2') > 10 && bodies('m3') > 10, 'neither has lost anything');
    assert.equal(bodies('m1'), 1, 'the other announcement is carried out');
    left.close();
  });

  it('takes no other command for an announcement', () => {
    const writer = openSpaceWriter();
    tellMission(writer, { mission: 'm1', token: 1 });
    const { ledger } = writer;
    const id = ledger.newId();
    const input = {
      type: 'guardrail.passed',
      subject: 'task/t',
      data: { guardrail: 'g', detail: 'd' },
    };
    ledger.flush({ command: { id, name: 'note.record', input }, speaker: human });
    ledger.database.prepare("INSERT INTO meta (key, value) VALUES ('pruning', ?)").run(id);
    writer.finish();
    assert.deepEqual([verifyFolder(writer).damage, verifyFolder(writer).pruned], [[], 0]);
    assert.equal(look(writer.folder).note, 0);
  });
});
