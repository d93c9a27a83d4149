/**
 * Flips of single bits in the files themselves, at places of chance. Each is found, or it does no
 * harm: all that the ledger reads is read back the same. (Bytes that SQLite does not use, such as
 * free space in a page and counters of its header, are of the second kind.)
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { openForReading } from '#ledger/store/database.ts';
import { getBlob } from '#ledger/store/blob-store.ts';
import { readHeadFile } from '#ledger/store/head-file.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import { ENTITY_KINDS } from '../support/entity-kinds.ts';
import { missionStory } from '../support/mission-story.ts';
import { seededFor } from '../support/seeded-random.ts';
import { copySpace, makeSpace, verifyFolder, type SpaceFolder } from '../support/space-folder.ts';
import { note } from '../support/test-ledger.ts';

/** How many bits are flipped in each file: 10,000 in all with SKEIN_LONG=1. */
const FLIPS = process.env['SKEIN_LONG'] === '1' ? 5_000 : 150;

const whole = makeSpace((ledger, blob) => {
  const contents = { ...blob('{"edits":[]}'.repeat(200)) };
  for (const { name, input } of missionStory('m')) {
    const data = input['data'] as object | undefined;
    const after = data === undefined ? {} : { data: { ...data, after: contents } };
    ledger.store(name, { ...input, contents, ...after });
  }
  for (let round = 0; round < 40; round += 1) ledger.store('note.record', note(`note ${round}`));
});

/** Everything that anybody reads from the two files, in the ways it is read. */
function readAll({ folder }: SpaceFolder): string {
  const ledger = openForReading(join(folder, 'ledger.db'));
  const blobs = openForReading(join(folder, 'blobs.db'));
  try {
    const reader = makeLedgerReader(ledger);
    const events = reader.events({ after: 0, limit: 1_000 });
    const ids = ledger.prepare('SELECT * FROM ids ORDER BY id').all();
    return JSON.stringify([
      events,
      reader.events({ after: 0, mission: 'm', limit: 1_000 }),
      ENTITY_KINDS.map((kind) => reader.entities(kind)),
      ids,
      ledger.prepare('SELECT * FROM commits ORDER BY position').all(),
      ledger.prepare('SELECT position FROM commits ORDER BY chain, seq').all(),
      events.map(({ body }) => reader.position(JSON.parse(String(body)).id)),
      ledger.prepare("SELECT * FROM meta WHERE key <> 'epoch'").all(),
      blobs.prepare('SELECT * FROM blobs').all(),
      blobs
        .prepare('SELECT hash FROM blobs ORDER BY hash')
        .all()
        .map(({ hash }) => getBlob(blobs, String(hash)).toString('hex')),
    ]);
  } finally {
    ledger.close();
    blobs.close();
  }
}

function flipAll(context: TestContext, file: string): { found: number; harmless: number } {
  const random = seededFor(context);
  const expected = readAll(whole);
  const copy = copySpace(whole);
  const path = join(copy.folder, file);
  const bytes = readFileSync(path);
  let found = 0;
  for (let flip = 0; flip < FLIPS; flip += 1) {
    const offset = random.below(bytes.length);
    const bit = random.below(8);
    const damaged = Buffer.from(bytes);
    damaged[offset] = (damaged[offset] ?? 0) ^ (1 << bit);
    writeFileSync(path, damaged);
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
    if (verifyFolder(copy).damage.length > 0) found += 1;
    else assert.equal(readAll(copy), expected, `bit ${bit} of byte ${offset} of ${file}`);
  }
  return { found, harmless: FLIPS - found };
}

describe('a flipped bit', () => {
  it('in ledger.db is found or changes nothing that is read', (context) => {
    const { found, harmless } = flipAll(context, 'ledger.db');
    context.diagnostic(`${found} found, ${harmless} in bytes that nobody reads`);
    assert.ok(found > FLIPS / 4, `only ${found} were found`);
  });

  it('in blobs.db is found or changes nothing that is read', (context) => {
    const { found, harmless } = flipAll(context, 'blobs.db');
    context.diagnostic(`${found} found, ${harmless} in bytes that nobody reads`);
    assert.ok(found > 0);
  });

  it('in the anchor of a closed space takes nothing out of sight: it is there twice', () => {
    const copy = copySpace(whole);
    const path = join(copy.folder, 'head');
    const bytes = readFileSync(path);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(path, damaged);
      assert.deepEqual(readHeadFile(path), whole.head, `bit ${bit & 7} of byte ${bit >> 3}`);
    }
    // The twin: damage to both copies is found.
    writeFileSync(path, Buffer.from(bytes).fill(0x21, 250, 260).fill(0x21, 500, 510));
    assert.equal(readHeadFile(path), null);
    assert.ok(verifyFolder(copy).damage.length > 0);
  });

  it('is told from a whole file by this reading: the epoch alone is left out', () => {
    const copy = copySpace(whole);
    const before = readAll(copy);
    const database = new DatabaseSync(join(copy.folder, 'ledger.db'));
    database.exec("UPDATE meta SET value = '9' WHERE key = 'epoch'");
    assert.equal(readAll(copy), before);
    database.exec("UPDATE events SET body = x'00' WHERE position = 3");
    assert.throws(() => assert.equal(readAll(copy), before));
    database.close();
  });
});
