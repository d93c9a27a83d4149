/**
 * Whatever instant the process dies at, what was acknowledged is there: the files are copied in
 * the middle of things, as kill -9 leaves them, and opened again from the copy.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import { openHeadFile, readHeadFile } from '#ledger/store/head-file.ts';
import { anchorProblem } from '#ledger/store/check-anchor.ts';
import type { ChainHead } from '#ledger/ledger.ts';
import { seededFor } from '../support/seeded-random.ts';
import { temporaryFolder, verifyFolder } from '../support/space-folder.ts';
import { makeTestLedger, newSigner, note } from '../support/test-ledger.ts';

const SLOT_BYTES = 256;
const FILES = ['ledger.db', 'ledger.db-wal', 'blobs.db', 'head'];

/** The files as they lie there now, without the writer's knowledge. */
function freeze(folder: string): string {
  const image = temporaryFolder();
  for (const file of FILES) cpSync(join(folder, file), join(image, file));
  return image;
}

function openWriter(folder: string) {
  const database = openLedgerDatabase(join(folder, 'ledger.db'));
  openBlobDatabase(join(folder, 'blobs.db')).close();
  const signer = newSigner();
  const ledger = makeTestLedger({ database, signer });
  const anchor = openHeadFile(join(folder, 'head'));
  anchor.write(ledger.core.head as ChainHead);
  return { ...ledger, anchor };
}

describe('after a crash', () => {
  it('everything acknowledged is there, and the record is whole', (context) => {
    const random = seededFor(context);
    const folder = temporaryFolder();
    const { anchor, ...ledger } = openWriter(folder);
    const acknowledged: string[] = [];
    for (let flush = 0; flush < 12; flush += 1) {
      const commands = Array.from({ length: 1 + random.below(20) }, (_, index) =>
        ledger.pending('note.record', note(`${flush}.${index}`)),
      );
      for (const outcome of ledger.flush(...commands)) {
        if (outcome.type === 'stored') acknowledged.push(...outcome.receipt.events);
      }
      // Killed between the commit and its anchor, or after both.
      if (random.below(2) === 0) anchor.write(ledger.core.head as ChainHead);
      const image = freeze(folder);
      const { head } = ledger.core;
      const report = verifyFolder({ folder: image, signer: ledger.signer });
      assert.deepEqual([report.damage, report.head], [[], head]);
      const reopened = openLedgerDatabase(join(image, 'ledger.db'));
      assert.equal(anchorProblem(reopened, readHeadFile(join(image, 'head'))), undefined);
      const again = makeTestLedger({
        database: reopened,
        signer: ledger.signer,
        epoch: 2,
        seed: 7,
      });
      const ids = reopened.prepare('SELECT count(*) AS n FROM events').get()?.['n'];
      assert.equal(ids, acknowledged.length + 1);
      assert.deepEqual(again.core.head, head);
      const repeat = commands.map((command) => again.flush(command)[0]);
      assert.ok(repeat.every((each) => each?.type === 'stored' && each.receipt.repeated));
      reopened.close();
    }
    ledger.database.close();
    anchor.close();
  });

  it('a torn end of the log loses only what was not acknowledged', (context) => {
    const random = seededFor(context);
    const folder = temporaryFolder();
    const { anchor, ...ledger } = openWriter(folder);
    const sizes: number[] = [];
    for (let flush = 0; flush < 5; flush += 1) {
      ledger.store('note.record', note(`${flush}`));
      sizes.push(statSync(join(folder, 'ledger.db-wal')).size);
    }
    const [whole = 0, torn = 0] = sizes.slice(-2);
    for (let round = 0; round < 10; round += 1) {
      const image = freeze(folder);
      truncateSync(join(image, 'ledger.db-wal'), whole + random.below(torn - whole));
      const reopened = openLedgerDatabase(join(image, 'ledger.db'));
      const stored = Number(reopened.prepare('SELECT count(*) AS n FROM events').get()?.['n']);
      assert.equal(stored, 5, 'four notes and the genesis: the fifth was not durable yet');
      reopened.close();
    }
    ledger.database.close();
    anchor.close();
  });
});

describe('the anchor file', () => {
  it('survives a torn write: the slot before it is read', () => {
    for (const writes of [2, 3]) {
      const path = join(temporaryFolder(), 'head');
      const file = openHeadFile(path);
      for (let seq = 1; seq <= writes; seq += 1) {
        file.write({ chain: 'aa'.repeat(16), seq, hash: 'bb'.repeat(32) });
      }
      file.close();
      assert.equal(readHeadFile(path)?.seq, writes);
      const newest = (writes % 2) * SLOT_BYTES;
      writeFileSync(path, readFileSync(path).fill(0x20, newest + 40, newest + 60));
      assert.equal(readHeadFile(path)?.seq, writes - 1);
      writeFileSync(path, readFileSync(path).fill(0x20));
      assert.equal(readHeadFile(path), null);
    }
  });
});
