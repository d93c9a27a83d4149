/** The critic on real trees: what the plan explains is accepted, anything planted is refused. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { BlobReference } from '#ledger/ledger.ts';
import { getBlob, putBlobs } from '#ledger/store/blob-store.ts';
import { openBlobDatabase } from '#ledger/store/database.ts';
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { localWorld } from '#workspace/local-world.ts';
import { makeCritic, type ReviewVerdict, type ReviewWork } from './critic.ts';

const A = 'one\ntwo\nthree\nfour\nfive\n';
const FILES = { 'src/a.ts': A, 'src/b.ts': A, 'run.sh': 'true\n', 'other.ts': A };
const renamed = A.replace('two', 'TWO').replace('five', 'FIVE');
const PLAN = { 'src/a.ts': renamed, 'src/b.ts': renamed, 'run.sh': 'true\n' };

type Contents = Readonly<Record<string, string | Uint8Array>>;

interface Case {
  readonly temp: TempRepository;
  readonly work: ReviewWork;
  readonly put: (content: string | Uint8Array) => BlobReference;
  /** The verdict on what is in the tree of the person's repository now, which is committed. */
  readonly review: (planned?: Contents) => Promise<ReviewVerdict>;
  /** The same when a command may change such lines of both files, after the planned edits. */
  readonly reviewLines: (lines: string, planned?: Contents) => Promise<ReviewVerdict>;
}

async function begin(signal = new AbortController().signal): Promise<Case> {
  const temp = tempRepository(FILES);
  const database = openBlobDatabase(':memory:');
  const repository = await openRepository(temp.top);
  const ledger = { blobs: { get: (hash: string) => getBlob(database, hash) } };
  const work = { world: localWorld, repository, signal, ledger };
  const put: Case['put'] = (content) => {
    const [reference] = putBlobs(database, [Buffer.from(content)]);
    assert.ok(reference !== undefined);
    return reference;
  };
  const { review } = makeCritic();
  const base = repository.head;
  const actual = (): string => {
    temp.git('add', '--all');
    return temp.git('write-tree').trim();
  };
  return {
    temp,
    work,
    put,
    review: (planned = PLAN) => {
      const edits = Object.entries(planned).map(([path, content]) => ({
        path,
        after: put(content),
      }));
      const writeSet = edits.map(({ path }) => path);
      return review(work, { base, actual: actual(), writeSet, expected: { edits, commands: [] } });
    },
    reviewLines: (lines, planned = {}) => {
      const writeSet = ['src/a.ts', 'src/b.ts'];
      const edits = Object.entries(planned).map(([path, content]) => ({
        path,
        after: put(content),
      }));
      const expected = { edits, commands: [{ paths: writeSet, lines }] };
      return review(work, { base, actual: actual(), writeSet, expected });
    },
  };
}

function write({ temp }: Case, contents: Contents): void {
  for (const [path, content] of Object.entries(contents)) temp.write(path, content);
}

describe('the critic on exact edits', () => {
  it('accepts what was planned, and counts its hunks', async () => {
    const at = await begin();
    write(at, PLAN);
    assert.deepEqual(await at.review(), { type: 'accept', hunks: 4 });
  });

  const PLANTED: readonly (readonly [string, Contents, string, readonly string[]])[] = [
    [
      'a line more',
      { 'src/b.ts': `${renamed}planted();\n` },
      '1 line is not explained',
      ['src/b.ts:6 + planted();'],
    ],
    [
      'a line more beside a planned one',
      { 'src/b.ts': renamed.replace('TWO', 'TWO\nplanted();') },
      '1 line is not explained',
      ['src/b.ts:3 + planted();'],
    ],
    [
      'a planned line that is missing',
      { 'src/a.ts': renamed.replace('FIVE', 'five') },
      '1 line is not explained, 1 line is missing',
      ['src/a.ts:5 + five', 'src/a.ts:5 - FIVE'],
    ],
    [
      'a line less',
      { 'src/a.ts': renamed.replace('four\n', '') },
      '1 line is missing',
      ['src/a.ts:4 - four'],
    ],
    [
      'another file',
      { 'other.ts': A.replace('three', 'planted();') },
      '1 change is outside the write set',
      ['other.ts:3 planted();'],
    ],
    [
      'a new file',
      { 'new.ts': 'planted();\n' },
      '1 change is outside the write set',
      ['new.ts:1 is a new file'],
    ],
    [
      'bytes in place of text',
      { 'run.sh': Buffer.from([0, 1, 255]) },
      '1 change is not of lines',
      ['run.sh:1 has other bytes, which are no text'],
    ],
  ];
  for (const [name, planted, reason, places] of PLANTED) {
    it(`refuses ${name}`, async () => {
      const at = await begin();
      write(at, { ...PLAN, ...planted });
      assert.deepEqual(await at.review(), { type: 'refuse', reason, places });
    });
  }

  it('refuses another mode', async () => {
    const at = await begin();
    write(at, PLAN);
    chmodSync(join(at.temp.top, 'run.sh'), 0o755);
    assert.deepEqual(await at.review(), {
      type: 'refuse',
      reason: '1 change is not of lines',
      places: ['run.sh:1 has another mode (100755, not 100644)'],
    });
  });

  it('names the gravest first, ten at the most, and cuts long lines', async () => {
    const at = await begin();
    const planted = Array.from({ length: 30 }, (_, count) => `planted(${count});\n`).join('');
    write(at, { ...PLAN, 'src/a.ts': planted + renamed, 'other.ts': `${'x'.repeat(5000)}\n${A}` });
    const verdict = await at.review();
    assert.ok(verdict.type === 'refuse');
    assert.equal(verdict.reason, '1 change is outside the write set, 30 lines are not explained');
    assert.equal(verdict.places.length, 10);
    assert.equal(verdict.places[0], `other.ts:1 ${'x'.repeat(160)}`);
    assert.equal(verdict.places[1], 'src/a.ts:1 + planted(0);');
  });

  it('accepts bytes and ends of lines that were planned so', async () => {
    const at = await begin();
    const planned = { 'run.sh': Buffer.from([0, 1, 255]), 'src/a.ts': 'one\r\ntwo' };
    write(at, planned);
    assert.equal((await at.review(planned)).type, 'accept');
    write(at, { 'src/a.ts': 'one\r\ntwo\n' });
    assert.equal((await at.review(planned)).type, 'refuse');
  });

  it('refuses a plan whose paths lead out of the tree', async () => {
    const at = await begin();
    await assert.rejects(at.review({ '../planted.ts': 'planted();' }), { name: 'path-refused' });
  });

  it('accepts that nothing changed only when nothing was planned', async () => {
    const at = await begin();
    assert.deepEqual(await at.review({}), { type: 'accept', hunks: 0 });
    assert.equal((await at.review()).type, 'refuse');
  });
});

describe('the critic on lines that a command may change', () => {
  it('accepts lines that match, coming and going, and no other', async () => {
    const at = await begin();
    write(at, { 'src/a.ts': renamed, 'src/b.ts': renamed });
    assert.deepEqual(await at.reviewLines('^(?:two|five)$|^(?:TWO|FIVE)$'), {
      type: 'accept',
      hunks: 4,
    });
    assert.deepEqual(await at.reviewLines('^(?:two|five|TWO)$'), {
      type: 'refuse',
      reason: '2 lines are not explained',
      places: ['src/a.ts:5 + FIVE', 'src/b.ts:5 + FIVE'],
    });
    write(at, { 'src/b.ts': renamed.replace('three\n', '') });
    const verdict = await at.reviewLines('^(?:two|five|TWO|FIVE)$');
    assert.deepEqual(verdict.type === 'refuse' && verdict.places, ['src/b.ts:2 - three']);
  });

  it('accepts such lines on top of exact edits, and both may be in one file', async () => {
    const at = await begin();
    const changed = renamed.replace('three', '// three');
    write(at, { 'src/a.ts': changed, 'src/b.ts': renamed });
    const planned = { 'src/a.ts': renamed, 'src/b.ts': renamed };
    assert.equal((await at.reviewLines('^(?:// )?three$', planned)).type, 'accept');
    const verdict = await at.reviewLines('^(?:// )?three$', { 'src/a.ts': renamed });
    assert.deepEqual(verdict.type === 'refuse' && verdict.places, [
      'src/b.ts:2 + TWO',
      'src/b.ts:5 + FIVE',
      'src/b.ts:2 - two',
      'src/b.ts:5 - five',
    ]);
    write(at, { 'src/a.ts': changed.replace('TWO', 'two') });
    assert.equal((await at.reviewLines('^(?:// )?three$', planned)).type, 'refuse');
  });

  it('refuses files outside the write set whatever is in them, and new files', async () => {
    const at = await begin();
    write(at, { 'other.ts': A.replace('two', 'TWO'), 'src/c.ts': 'TWO\n' });
    const verdict = await at.reviewLines('');
    assert.deepEqual(verdict.type === 'refuse' && verdict.places, [
      'other.ts:2 TWO',
      'src/c.ts:1 is a new file',
    ]);
  });

  it('refuses a pattern that would never end', async () => {
    const at = await begin();
    write(at, { 'src/a.ts': `${A}${'a'.repeat(60)}!\n` });
    await assert.rejects(at.reviewLines('^(a+)+$'), { name: 'pattern-invalid' });
  });
});

describe('a review', () => {
  it('of a tree that is not there fails, and one that is stopped stops', async () => {
    const controller = new AbortController();
    const { work } = await begin(controller.signal);
    const review = {
      base: work.repository.head,
      actual: '1'.repeat(40),
      writeSet: [],
      expected: { edits: [], commands: [] },
    };
    await assert.rejects(makeCritic().review(work, review), { name: 'git-failed' });
    controller.abort(new Error('stop'));
    await assert.rejects(makeCritic().review(work, review), { message: 'stop' });
  });
});
