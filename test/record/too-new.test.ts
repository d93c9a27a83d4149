/**
 * Every file with a format number: what a later version wrote is refused with what to do, what this
 * version wrote is read. And the other way round: the ledger of format 1 opens for ever.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { homePaths } from '#daemon/home/home-paths.ts';
import { prepareHome } from '#daemon/home/home.ts';
import { restoreHome } from '#daemon/home/backup-home.ts';
import { readRestart, requestRestart } from '#daemon/home/space-files.ts';
import { Spaces } from '#daemon/spaces.ts';
import { reducers } from '#daemon/state-tables.ts';
import { sha256 } from '#lib/sha256.ts';
import { hashLines, lineOf } from '#ledger/state/fold.ts';
import type { Blobs } from '#ledger/ledger.ts';
import { refoldIfNeeded } from '#ledger/state/refold.ts';
import { anchorProblem } from '#ledger/store/check-anchor.ts';
import { openBlobDatabase, openLedgerDatabase } from '#ledger/store/database.ts';
import { openHeadFile, readHeadFile } from '#ledger/store/head-file.ts';
import { decodeHeader } from '#protocol/commit.ts';
import { toSkeinError, type SkeinError } from '#protocol/errors.ts';
import { readContents } from '#supervisor/plan-contents.ts';
import { parseSkeinYaml } from '#workspace/skein-yaml.ts';
import { STATE_HASH, type GoldenState } from '../fixtures/golden-state.ts';
import { temporaryFolder } from '../support/space-folder.ts';
import { makeTestLedger } from '../support/test-ledger.ts';

const SPACE = 'cd'.repeat(16);
const NODE = 'node';

const writeJson = (path: string, value: object): void => writeFileSync(path, JSON.stringify(value));

/** A home with one space, and its spaces. */
function makeHome() {
  const home = temporaryFolder();
  const paths = homePaths(home, { XDG_RUNTIME_DIR: join(home, 'run') });
  prepareHome(paths);
  const folder = join(paths.spaces, SPACE);
  mkdirSync(folder);
  const options = { paths, epoch: 1, node: NODE, redact: (text: string) => ({ text, count: 0 }) };
  return { paths, folder, spaces: new Spaces({ ...options, report: () => undefined }) };
}

function openDatabase(open: (path: string) => DatabaseSync, format: number): void {
  const path = join(temporaryFolder(), 'file.db');
  open(path).close();
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA user_version = ${format}`);
  database.close();
  open(path).close();
}

function readHeader(format: number): void {
  const { database } = makeTestLedger();
  const row = database.prepare('SELECT header FROM commits').get();
  const header = JSON.parse(Buffer.from(row?.['header'] as Uint8Array).toString('utf8'));
  decodeHeader(Buffer.from(JSON.stringify({ ...header, format })));
}

function readHead(format: number): void {
  const path = join(temporaryFolder(), 'head');
  const file = openHeadFile(path);
  file.write({ chain: 'aa'.repeat(16), seq: 1, hash: 'bb'.repeat(32) });
  file.close();
  const line = readFileSync(path, 'utf8').slice(0, 256).trimEnd().split(' ')[0] ?? '';
  const changed = JSON.stringify({ ...JSON.parse(line), format });
  const slot = `${`${changed} ${sha256(changed).slice(0, 16)}`.padEnd(255)}\n`;
  writeFileSync(path, slot.repeat(2));
  assert.equal(readHeadFile(path)?.seq, 1);
}

/** A repository that remembers its space; it is not opened here, only the marker is read. */
async function readMarker(format: number): Promise<void> {
  const { spaces, paths } = makeHome();
  const commonDir = join(paths.home, 'git');
  mkdirSync(join(commonDir, 'skein'), { recursive: true });
  writeJson(join(commonDir, 'skein', 'spaces.json'), { format, spaces: {} });
  try {
    await spaces.forRepository({ top: paths.home, commonDir }, '');
  } finally {
    await spaces.close();
  }
}

async function restore(format: number): Promise<void> {
  const { spaces } = makeHome();
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'spaces'));
  writeJson(join(folder, 'format.json'), { format });
  await restoreHome(spaces, { folder, replace: false } as Parameters<typeof restoreHome>[1]);
}

function readPlan(format: number): void {
  const contents = { format, title: '', edits: [], listed: [], names: null };
  const blobs = { get: () => Buffer.from(JSON.stringify(contents)) } as unknown as Blobs;
  readContents(blobs, { hash: '', bytes: 0 });
}

interface Row {
  readonly file: string;
  /** The first format that this version does not know; absent = 2. */
  readonly later?: number;
  /** Reads such a file of this format. */
  readonly read: (format: number) => void | Promise<void>;
  /** A file of the person's own is no record: it is refused with its line. */
  readonly error?: string;
}

const ROWS: readonly Row[] = [
  {
    file: 'format.json of a home',
    read: (format) => {
      const { paths } = makeHome();
      writeJson(paths.format, { format });
      prepareHome(paths);
    },
  },
  { file: 'ledger.db', read: (format) => openDatabase(openLedgerDatabase, format) },
  { file: 'blobs.db', read: (format) => openDatabase(openBlobDatabase, format) },
  { file: 'the header of a commit', read: readHeader },
  { file: 'head', read: readHead },
  {
    file: 'project.json',
    read: (format) => {
      const { folder, spaces } = makeHome();
      const project = { format, repository: '/r', commonDir: '/r/.git', searchPath: '' };
      writeJson(join(folder, 'project.json'), project);
      assert.equal(spaces.project(SPACE)?.repository, '/r');
    },
  },
  { file: 'spaces.json of a repository', read: readMarker },
  {
    file: 'restart.json',
    read: (format) => {
      const { folder } = makeHome();
      requestRestart(folder, 'because', []);
      const path = join(folder, 'restart.json');
      writeJson(path, { ...JSON.parse(readFileSync(path, 'utf8')), format });
      assert.equal(readRestart(folder)?.reason, 'because');
    },
  },
  { file: 'format.json of a backup', read: restore },
  { file: 'the contents of a plan', read: readPlan, later: 3 },
  {
    file: 'skein.yaml',
    read: (format) => void parseSkeinYaml(Buffer.from(`format: ${format}\n`)),
    error: 'config-invalid',
  },
];

/** The error of reading, or undefined. */
async function attempt(read: () => void | Promise<void>): Promise<SkeinError | undefined> {
  try {
    await read();
    return undefined;
  } catch (thrown) {
    return toSkeinError(thrown);
  }
}

describe('a file of a later format', () => {
  for (const { file, read, error = 'record-too-new', later = 2 } of ROWS) {
    it(`is refused: ${file}`, async () => {
      const refused = await attempt(() => read(later));
      assert.equal(refused?.name, error, refused?.message ?? '');
      assert.match(refused?.fix ?? '', /newer/);
    });

    it(`of this format is not: ${file}`, async () => {
      const refused = await attempt(() => read(later - 1));
      assert.notEqual(refused?.name, error, refused?.message ?? '');
      assert.notEqual(refused?.name, 'internal', refused?.message ?? '');
    });
  }
});

describe('the ledger of format 1', () => {
  it('opens for writing, and folds anew under later reducers to the same state', () => {
    const folder = temporaryFolder();
    cpSync(join(import.meta.dirname, '../fixtures/ledger-1'), folder, { recursive: true });
    openBlobDatabase(join(folder, 'blobs.db')).close();
    const database = openLedgerDatabase(join(folder, 'ledger.db'));
    assert.equal(anchorProblem(database, readHeadFile(join(folder, 'head'))), undefined);
    const later = { ...reducers, version: reducers.version + 1 };
    database.exec('DELETE FROM entities');
    assert.equal(refoldIfNeeded(database, later), true);
    assert.equal(refoldIfNeeded(database, later), false, 'once');
    const rows = database.prepare('SELECT * FROM entities').all();
    const lines = rows.map((row) => lineOf(row as unknown as Parameters<typeof lineOf>[0]));
    const golden = JSON.parse(readFileSync(STATE_HASH, 'utf8')) as GoldenState;
    assert.equal(hashLines(reducers, lines), golden.ledger);
    database.close();
  });
});
