/**
 * The log that SQLite writes first (ledger.db-wal), as a crash leaves it, cut and flipped at every
 * class of place. What was acknowledged is anchored, so its loss is found; what was not may vanish.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Signer } from '#identity/signer.ts';
import type { ChainHead } from '#ledger/ledger.ts';
import { anchorProblem } from '#ledger/store/check-anchor.ts';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import { openHeadFile, readHeadFile } from '#ledger/store/head-file.ts';
import { toSkeinError } from '#protocol/errors.ts';
import { makeRandom } from '../support/seeded-random.ts';
import { temporaryFolder, verifyFolder } from '../support/space-folder.ts';
import { makeTestLedger, newSigner, note } from '../support/test-ledger.ts';

const WAL = 'ledger.db-wal';
const FILES = ['ledger.db', WAL, 'blobs.db', 'head'];

/** See https://www.sqlite.org/fileformat2.html#walformat. */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

const COMMITS = 6;

/** How many places of a class are tried; with SKEIN_LONG=1 all that were chosen. */
const MOST_PLACES = process.env['SKEIN_LONG'] === '1' ? 1_000 : 8;

/** The files at one instant; `stored` commits would be read back, `acknowledged` were answered. */
interface Image {
  readonly folder: string;
  readonly stored: number;
  readonly acknowledged: number;
}

const signer: Signer = newSigner();

/** Copies of a writer's files before each commit, after it, and after its anchor. */
function takeImages(): Image[] {
  const folder = temporaryFolder();
  const database = openLedgerDatabase(join(folder, 'ledger.db'));
  openBlobDatabase(join(folder, 'blobs.db')).close();
  const ledger = makeTestLedger({ database, signer });
  const anchor = openHeadFile(join(folder, 'head'));
  anchor.write(ledger.core.head as ChainHead);
  const images: Image[] = [];
  const freeze = (stored: number, acknowledged: number): void => {
    const copy = temporaryFolder();
    for (const file of FILES) cpSync(join(folder, file), join(copy, file));
    images.push({ folder: copy, stored, acknowledged });
  };
  const exec = database.exec.bind(database);
  for (let commit = 2; commit <= COMMITS; commit += 1) {
    database.exec = (sql) => {
      if (sql === 'COMMIT') freeze(commit - 1, commit - 1);
      exec(sql);
    };
    ledger.store('note.record', note(`${commit} ${'x'.repeat(3_000)}`));
    freeze(commit, commit - 1);
    anchor.write(ledger.core.head as ChainHead);
    freeze(commit, commit);
  }
  database.exec = exec;
  anchor.close();
  database.close();
  return images;
}

const images = takeImages();
const pick = (stored: number, acknowledged: number): Image =>
  images.find((each) => each.stored === stored && each.acknowledged === acknowledged) as Image;

/** Where things are in a log. A commit frame says how large the database is after it. */
interface Frame {
  readonly at: number;
  readonly isCommit: boolean;
}

function framesOf(wal: Buffer): { readonly frames: Frame[]; readonly frameBytes: number } {
  const frameBytes = FRAME_HEADER_BYTES + wal.readUInt32BE(8);
  const frames: Frame[] = [];
  for (let at = HEADER_BYTES; at + frameBytes <= wal.length; at += frameBytes) {
    frames.push({ at, isCommit: wal.readUInt32BE(at + 4) !== 0 });
  }
  return { frames, frameBytes };
}

/** Classes of places in a log, from `from` on: some offsets of each. */
function placesIn(wal: Buffer, from = 0): Record<string, number[]> {
  const { frames, frameBytes } = framesOf(wal);
  const random = makeRandom(7);
  const some = (start: number, bytes: number, count: number): number[] =>
    Array.from({ length: count }, () => start + random.below(bytes));
  const later = frames.filter(({ at }) => at >= from);
  const inFrames = (bytes: number, offset: number, of = later): number[] =>
    of.flatMap(({ at }) => some(at + offset, bytes, 2));
  const places = {
    ...(from === 0 ? { 'log header': some(0, HEADER_BYTES, 8) } : {}),
    'frame header': inFrames(FRAME_HEADER_BYTES, 0),
    page: inFrames(frameBytes - FRAME_HEADER_BYTES, FRAME_HEADER_BYTES),
    'commit frame': inFrames(
      8,
      0,
      later.filter(({ isCommit }) => isCommit),
    ),
    tail: some(wal.length - frameBytes, frameBytes, 4),
  };
  const chosen = Object.entries(places).map(([place, offsets]) => [
    place,
    random.shuffle(offsets).slice(0, MOST_PLACES),
  ]);
  return Object.fromEntries(chosen) as Record<string, number[]>;
}

/** A copy of the image with another log. */
function withWal(image: Image, wal: Buffer): Image {
  const folder = temporaryFolder();
  for (const file of FILES) cpSync(join(image.folder, file), join(folder, file));
  writeFileSync(join(folder, WAL), wal);
  return { ...image, folder };
}

const flip = (wal: Buffer, at: number): Buffer => {
  const copy = Buffer.from(wal);
  copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
  return copy;
};

const walOf = ({ folder }: Image): Buffer => readFileSync(join(folder, WAL));

/** What a node that opens these files finds, emptying the log: the commits, or why it refuses. */
function open({ folder }: Image): number | string {
  try {
    const database = openLedgerDatabase(join(folder, 'ledger.db'));
    try {
      const problem = anchorProblem(database, readHeadFile(join(folder, 'head')));
      if (problem !== undefined) return problem.name;
      const row = database.prepare('SELECT count(*) AS commits FROM commits').get();
      return Number(row?.['commits']);
    } finally {
      database.close();
    }
  } catch (thrown) {
    return toSkeinError(thrown).name;
  }
}

describe('the files at a pause point', () => {
  it('are whole, whether the commit is in them or not', () => {
    for (const image of images) {
      const { damage, commits } = verifyFolder({ folder: image.folder, signer });
      assert.deepEqual([damage, commits], [[], image.stored]);
      assert.equal(open(withWal(image, walOf(image))), image.stored);
    }
    assert.equal(images.length, 3 * (COMMITS - 1));
  });
});

describe('a log whose end was acknowledged', () => {
  const image = pick(COMMITS, COMMITS);
  const wal = walOf(image);

  for (const [place, offsets] of Object.entries(placesIn(wal))) {
    it(`is found damaged by a flipped bit: ${place}`, () => {
      assert.ok(offsets.length > 0);
      for (const at of offsets) {
        const damaged = withWal(image, flip(wal, at));
        const { damage } = verifyFolder({ folder: damaged.folder, signer });
        assert.notDeepEqual(damage, [], `bit in byte ${at} (${place})`);
        assert.equal(open(damaged), 'record-damaged', `byte ${at} (${place})`);
      }
    });

    it(`is found cut: ${place}`, () => {
      for (const at of offsets) {
        const damaged = withWal(image, wal.subarray(0, at));
        const { damage } = verifyFolder({ folder: damaged.folder, signer });
        assert.notDeepEqual(damage, [], `cut at byte ${at} (${place})`);
        assert.equal(open(damaged), 'record-damaged', `byte ${at} (${place})`);
      }
    });
  }

  it('is found cut between two commits, where nothing but the anchor can tell', () => {
    const { frames, frameBytes } = framesOf(wal);
    const ends = frames.filter(({ isCommit }) => isCommit).map(({ at }) => at + frameBytes);
    const cut = withWal(image, wal.subarray(0, ends.at(-2)));
    assert.equal(open(cut), 'record-damaged');
    // The twin: by an anchor that has not seen the last commit, the same files are whole.
    cpSync(join(pick(COMMITS, COMMITS - 1).folder, 'head'), join(cut.folder, 'head'));
    assert.equal(open(cut), COMMITS - 1);
    assert.deepEqual(verifyFolder({ folder: cut.folder, signer }).damage, []);
  });
});

describe('a log whose end was not acknowledged', () => {
  const image = pick(COMMITS, COMMITS - 1);
  const before = pick(COMMITS - 1, COMMITS - 1);
  const wal = walOf(image);

  for (const [place, offsets] of Object.entries(placesIn(wal, walOf(before).length))) {
    it(`loses just that, flipped or cut: ${place}`, () => {
      for (const at of offsets) {
        for (const damaged of [flip(wal, at), wal.subarray(0, at)]) {
          const copy = withWal(image, damaged);
          assert.equal(open(copy), COMMITS - 1, `byte ${at}`);
          const { damage } = verifyFolder({ folder: copy.folder, signer });
          assert.deepEqual(damage, [], `byte ${at}`);
        }
      }
    });
  }
});
