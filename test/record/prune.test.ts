/** Pruning: what goes of a mission, what stays for ever, and what of others is not touched. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DatabaseSync } from 'node:sqlite';
import { reducers } from '#daemon/state-tables.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import { explainPruned, prunedNotes } from '#ledger/prune/pruned-mission.ts';
import { surveyRecord } from '#ledger/prune/survey.ts';
import { foldAll } from '#ledger/state/refold.ts';
import { findBlob } from '#ledger/store/blob-store.ts';
import type { Entity } from '#protocol/entity.ts';
import { SkeinError } from '#protocol/errors.ts';
import { decodeEvent, type SkeinEvent } from '#protocol/event-types.ts';
import { recordedCommand } from '#supervisor/history/replay/recorded-command.ts';
import type { MissionState } from '#supervisor/mission-reducer.ts';
import {
  openSpaceWriter,
  prunableStory,
  tellMission,
  type SpaceWriter,
} from '../support/prunable-space.ts';
import { verifyFolder } from '../support/space-folder.ts';
import { note, supervisor } from '../support/test-ledger.ts';

const NO_PLACE = { task: () => undefined, lease: () => undefined, plan: () => undefined };

/** A space with the missions `m1`, `m2`, ... that have all ended. */
function spaceOf(missions: number): SpaceWriter {
  const writer = openSpaceWriter();
  for (let token = 1; token <= missions; token += 1) {
    tellMission(writer, { mission: `m${token}`, token });
  }
  return writer;
}

const rowsOf = (database: DatabaseSync, mission: string) =>
  database.prepare('SELECT * FROM events WHERE mission = ? ORDER BY position').all(mission);

const entityRows = ({ ledger }: SpaceWriter) =>
  ledger.database.prepare('SELECT * FROM entities ORDER BY kind, id').all();

const hashes = ({ blobs }: SpaceWriter): string[] =>
  blobs
    .prepare('SELECT hash FROM blobs ORDER BY hash')
    .all()
    .map((row) => String(row['hash']));

/** Text that can't be packed to nothing. */
const cubes = (seed: number): string =>
  Array.from({ length: 3_000 }, (_, line) => `${seed} ${line ** 3}\n`).join('');

const lastEvent = ({ ledger }: SpaceWriter) => {
  const row = ledger.database.prepare('SELECT body FROM events ORDER BY position DESC').get();
  return decodeEvent(row?.['body'] as Uint8Array).event;
};

describe('pruning a mission', () => {
  it('takes bodies, salts and types; ids, headers and state stay', () => {
    const writer = spaceOf(2);
    const { database } = writer.ledger;
    const state = entityRows(writer);
    const before = verifyFolder(writer);
    const others = rowsOf(database, 'm2');
    const commits = database.prepare('SELECT * FROM commits').all();
    const ids = database.prepare('SELECT * FROM ids ORDER BY position').all();
    const [planned] = writer.prune(['m1']);
    const told = rowsOf(database, 'm1').pop();
    assert.equal(told?.['type'], 'record.pruned');
    for (const row of rowsOf(database, 'm1').slice(0, -1)) {
      assert.deepEqual([row['type'], row['salt'], row['body']], [null, null, null]);
    }
    assert.deepEqual(rowsOf(database, 'm2'), others);
    assert.deepEqual(entityRows(writer), state);
    assert.deepEqual(database.prepare('SELECT * FROM commits').all().slice(0, -1), commits);
    assert.deepEqual(
      database.prepare('SELECT * FROM ids ORDER BY position').all().slice(0, -1),
      ids,
    );
    const after = verifyFolder(writer);
    assert.deepEqual([after.damage, after.stateHash], [[], before.stateHash]);
    assert.deepEqual([before.pruned, after.pruned], [0, planned?.events]);
    assert.equal(after.events, before.events + 1);
  });

  it('takes the blobs that only it needs, also those that only its plan names', () => {
    const writer = openSpaceWriter();
    const shared = (): string => 'both missions wrote this\n';
    tellMission(writer, { mission: 'm1', token: 1, content: shared, output: 'printed'.repeat(99) });
    const own = hashes(writer);
    tellMission(writer, { mission: 'm2', token: 2, content: shared, output: 'other'.repeat(999) });
    const all = hashes(writer);
    writer.prune(['m1']);
    const left = hashes(writer);
    const kept = writer.blob(shared()).hash;
    const never = writer.blob('m1 never came to write this\n').hash;
    assert.ok(own.includes(never) && !left.includes(never), 'nobody else names it');
    assert.deepEqual(
      own.filter((hash) => left.includes(hash)),
      [kept],
    );
    assert.ok(all.filter((hash) => !own.includes(hash)).every((hash) => left.includes(hash)));
    assert.deepEqual(verifyFolder(writer).damage, []);
  });

  it('keeps what only the plan of another mission names: it may yet be approved', () => {
    const writer = openSpaceWriter();
    const same = (): string => 'what both plans say\n';
    tellMission(writer, { mission: 'm1', token: 1, content: same });
    tellMission(writer, { mission: 'm2', token: 2, content: same, until: 'mission.approve' });
    const { hash } = writer.blob(same());
    writer.prune(['m1']);
    assert.ok(hashes(writer).includes(hash));
    // The twin: with that mission gone too, nobody names it.
    writer.ledger.store('mission.cancel', { mission: 'm2', reason: 'no', worktreeKept: false });
    writer.prune(['m2']);
    assert.ok(!hashes(writer).includes(hash));
  });

  it('lets a blob that several of them share go with the last of them', () => {
    const writer = openSpaceWriter();
    const same = (): string => 'all of them wrote this\n';
    for (const [index, mission] of ['m1', 'm2', 'm3'].entries()) {
      tellMission(writer, { mission, token: index + 1, content: same });
    }
    const { hash } = writer.blob(same());
    const planned = writer.plan(['m1', 'm2', 'm3']);
    assert.deepEqual(
      planned.map(({ blobs }) => blobs.includes(hash)),
      [false, false, true],
    );
    writer.prune(['m1', 'm2']);
    assert.ok(hashes(writer).includes(hash));
    writer.prune(['m3']);
    assert.ok(!hashes(writer).includes(hash));
    assert.deepEqual(verifyFolder(writer).damage, []);
  });

  it('answers its commands as ever: their ids are kept', () => {
    const writer = openSpaceWriter();
    const { ledger } = writer;
    const pending = prunableStory(writer, { mission: 'm1', token: 1 }).map(({ name, input }) =>
      ledger.pending(name, input),
    );
    const first = pending.flatMap((one) => ledger.flush(one));
    writer.prune(['m1']);
    const again = pending.flatMap((one) => ledger.flush(one));
    const receipts = [first, again].map((outcomes) =>
      outcomes.map((each) => (each.type === 'stored' ? { ...each.receipt, repeated: true } : each)),
    );
    assert.deepEqual(receipts[1], receipts[0]);
    assert.ok(again.every((each) => each.type === 'stored' && each.receipt.repeated));
  });

  it('gives the space back to the disk', () => {
    const writer = openSpaceWriter();
    for (let token = 1; token <= 30; token += 1) {
      tellMission(writer, { mission: `m${token}`, token, output: cubes(token) });
    }
    const pages = (database: DatabaseSync): number =>
      Number(Object.values(database.prepare('PRAGMA page_count').get() ?? {})[0]);
    const before = [writer.ledger.database, writer.blobs].map(pages) as [number, number];
    writer.prune(Array.from({ length: 29 }, (_, index) => `m${index + 1}`));
    const after = [writer.ledger.database, writer.blobs].map(pages) as [number, number];
    assert.ok(after[0] < before[0] * 0.9, `${before[0]} -> ${after[0]} pages of the ledger`);
    assert.ok(after[1] < before[1] * 0.3, `${before[1]} -> ${after[1]} pages of blobs`);
  });
});

describe('pruning outputs only', () => {
  it('takes what programs printed and leaves every event', () => {
    const writer = spaceOf(2);
    const bodies = rowsOf(writer.ledger.database, 'm1');
    const output = writer.blob('m1 is checked\n'.repeat(300)).hash;
    const before = hashes(writer);
    const [planned] = writer.prune(['m1'], 'outputs');
    assert.deepEqual([planned?.events, planned?.blobs], [0, [output]]);
    assert.deepEqual(
      hashes(writer),
      before.filter((hash) => hash !== output),
    );
    assert.deepEqual(rowsOf(writer.ledger.database, 'm1').slice(0, -1), bodies);
    assert.deepEqual(verifyFolder(writer).damage, []);
    // All of it can go later, and what told of the outputs stays.
    writer.prune(['m1']);
    const notes = prunedNotes(makeLedgerReader(writer.ledger.database), 'm1');
    assert.deepEqual(
      notes.map(({ what }) => what),
      ['bodies', 'outputs'],
    );
    assert.deepEqual(verifyFolder(writer).damage, []);
  });

  it('keeps an output that is the content of a file as well', () => {
    const writer = openSpaceWriter();
    const text = 'printed, and written\n'.repeat(400);
    tellMission(writer, { mission: 'm1', token: 1, content: () => text, output: text });
    assert.deepEqual(writer.plan(['m1'], 'outputs'), []);
  });
});

describe('what is never pruned', () => {
  it('is a mission that has not ended, whoever asks', () => {
    const writer = openSpaceWriter();
    tellMission(writer, { mission: 'm1', token: 1, until: 'task.finish' });
    assert.throws(() => writer.prune(['m1']), { name: 'conflict' });
    assert.equal(writer.ledger.database.prepare('SELECT * FROM meta').all().length, 3);
    assert.deepEqual([verifyFolder(writer).damage, verifyFolder(writer).pruned], [[], 0]);
  });

  it('is anything that no person has asked for', () => {
    const { ledger } = spaceOf(1);
    const data = { what: 'bodies', reason: 'r', events: 0, bytes: 0 };
    const pending = ledger.pending('record.prune', { mission: 'm1', data });
    const [outcome] = ledger.flush({ ...pending, speaker: supervisor });
    assert.equal(outcome?.type === 'refused' && outcome.error.name, 'unauthorized');
    // Nor can it be said as a remark.
    const said = { type: 'record.pruned', subject: 'mission/m1', mission: 'm1', data };
    assert.equal(ledger.refuse('note.record', said).name, 'usage');
    ledger.store('note.record', { ...note('a remark'), mission: 'm1' });
  });

  it('is what tells who may write here, and what was pruned before', () => {
    const writer = spaceOf(1);
    const { ledger } = writer;
    const member = { key: 'e'.repeat(64), role: 'reader' };
    const subject = `space/${'ab'.repeat(16)}`;
    ledger.store('test.state', [
      { type: 'space.member-admitted', subject, mission: 'm1', data: member },
    ]);
    writer.prune(['m1'], 'outputs');
    writer.prune(['m1']);
    writer.prune(['m1']);
    const left = rowsOf(ledger.database, 'm1').filter((row) => row['body'] !== null);
    assert.deepEqual(
      left.map((row) => row['type']),
      ['space.member-admitted', 'record.pruned', 'record.pruned'],
    );
    assert.deepEqual(verifyFolder(writer).damage, []);
  });
});

describe('the state of a pruned mission', () => {
  const reopened = (writer: SpaceWriter, set = reducers): SpaceWriter => {
    writer.close();
    const { folder, signer } = writer;
    return openSpaceWriter({ folder, signer, epoch: 2, reducers: set });
  };

  it('is folded from what was kept when the reducers change', () => {
    const before = spaceOf(3);
    before.prune(['m1', 'm3']);
    const state = entityRows(before);
    const after = reopened(before, { ...reducers, version: reducers.version + 1 });
    assert.deepEqual(entityRows(after), state);
    // The twin: without the blobs that keep it, it would be gone.
    const alone = foldAll(after.ledger.database, reducers);
    assert.deepEqual(
      [...alone.values()].filter(({ kind }) => kind === 'mission').map(({ id }) => id),
      ['m2'],
    );
    after.close();
  });

  it('is what later reducers make of it, the same for refold and verify', () => {
    const before = spaceOf(2);
    before.prune(['m1']);
    const mark = (entity: Entity, foldedBy: number): Entity => ({
      ...entity,
      body: { ...(entity.body as object), foldedBy },
    });
    const newer = { ...reducers, version: reducers.version + 1, adopt: mark };
    const after = reopened(before, newer);
    const adopted = JSON.parse(
      String(entityRows(after).find(({ kind, id }) => kind === 'mission' && id === 'm1')?.['body']),
    ) as MissionState & { foldedBy: number };
    assert.deepEqual([adopted.status, adopted.foldedBy], ['done', reducers.version]);
    const folded = foldAll(after.ledger.database, newer, (hash) => findBlob(after.blobs, hash));
    assert.equal(folded.size, entityRows(after).length);
    after.close();
  });

  it('goes on when the mission says something more', () => {
    const writer = spaceOf(1);
    writer.prune(['m1']);
    const subject = 'mission/m1';
    const data = { epoch: 2 };
    writer.ledger.store('test.state', [{ type: 'mission.resumed', subject, mission: 'm1', data }]);
    assert.deepEqual(verifyFolder(writer).damage, []);
    writer.ledger.store('test.state', [
      {
        type: 'mission.cancelled',
        subject,
        mission: 'm1',
        data: { reason: 'r', worktreeKept: false },
      },
    ]);
    writer.prune(['m1']);
    assert.deepEqual(verifyFolder(writer).damage, []);
    const after = reopened(writer, { ...reducers, version: reducers.version + 1 });
    const state = after.ledger.database
      .prepare("SELECT body FROM entities WHERE kind = 'mission'")
      .get();
    assert.match(String(state?.['body']), /"resumes":1,"status":"cancelled"/u);
    after.close();
  });
});

describe('what a reader learns of it', () => {
  it('is what was pruned, when, why and by whom', () => {
    const writer = spaceOf(2);
    const read = makeLedgerReader(writer.ledger.database);
    assert.deepEqual(prunedNotes(read, 'm1'), []);
    writer.prune(['m1']);
    const { id, time, mission, data } = lastEvent(writer);
    assert.equal(mission, 'm1');
    const { reason, events, bytes } = data as { reason: string; events: number; bytes: number };
    const by = 'person:owner';
    assert.deepEqual(prunedNotes(read, 'm1'), [
      { event: id, time, by, what: 'bodies', reason, events, bytes },
    ]);
    assert.deepEqual(prunedNotes(read, 'm2'), []);
  });

  it('is an event of a command of its own, which a replay can decide again', () => {
    const writer = spaceOf(3);
    writer.prune(['m1', 'm2', 'm3'], 'outputs');
    const rows = writer.ledger.database
      .prepare("SELECT body, commit_position FROM events WHERE type = 'record.pruned'")
      .all();
    assert.deepEqual(
      [rows.length, new Set(rows.map((row) => row['commit_position'])).size],
      [3, 1],
    );
    for (const row of rows) {
      const { event } = decodeEvent(row['body'] as Uint8Array);
      assert.equal(event.spanId, event.id.replaceAll('-', '').slice(16));
      const command = recordedCommand([event as SkeinEvent], NO_PLACE);
      const { mission, data } = event;
      assert.deepEqual(command, { name: 'record.prune', input: { mission, data } });
    }
  });

  it('is told with the error where a blob is missed', async () => {
    const writer = spaceOf(2);
    writer.prune(['m1']);
    const read = makeLedgerReader(writer.ledger.database);
    const miss = async (): Promise<never> => {
      throw new SkeinError('blob-missing', 'Cannot read blob x: it is not here');
    };
    await assert.rejects(explainPruned(read, 'm1', miss), {
      name: 'blob-missing',
      message: /it is not here: it was pruned on 2026-11-21/u,
    });
    await assert.rejects(explainPruned(read, 'm2', miss), { message: /it is not here$/u });
  });
});

describe('the survey of a record', () => {
  it('tells its age, its growth by its own times, and its largest missions', () => {
    const writer = openSpaceWriter();
    const { clock, database } = writer.ledger;
    const start = clock.ms;
    const day = 86_400_000;
    tellMission(writer, { mission: 'm1', token: 1, paths: ['a', 'b', 'c'] });
    clock.ms = start + 20 * day;
    tellMission(writer, { mission: 'm2', token: 2 });
    clock.ms = start + 38 * day;
    tellMission(writer, { mission: 'm3', token: 3, output: cubes(3) });
    const nowMs = start + 40 * day;
    const files = { ledger: database, blobs: writer.blobs };
    const { oldest, growth, largest } = surveyRecord({
      ...files,
      nowMs,
      days: [7, 30],
      missions: 2,
    });
    assert.equal(oldest, new Date(start).toISOString());
    const bytes = (mission: string): number =>
      rowsOf(database, mission).reduce((sum, row) => sum + (row['body'] as Uint8Array).length, 0);
    assert.deepEqual(
      growth.map(({ days, grownDays, eventBytes }) => [days, grownDays, eventBytes]),
      [
        [7, 7, bytes('m3')],
        [30, 30, bytes('m2') + bytes('m3')],
      ],
    );
    assert.ok((growth[1]?.blobBytes ?? 0) > (growth[0]?.blobBytes ?? 0));
    assert.deepEqual(
      largest.map(({ mission, events }) => [mission, events]),
      [
        ['m3', rowsOf(database, 'm3').length],
        ['m1', rowsOf(database, 'm1').length],
      ],
    );
    // A record that is younger than the window has grown for its own age only.
    const young = surveyRecord({ ...files, nowMs: start + 3 * day, days: [7], missions: 0 });
    assert.deepEqual([young.growth[0]?.grownDays, young.largest], [3, []]);
  });
});
