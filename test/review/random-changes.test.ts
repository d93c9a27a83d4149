/**
 * Changes of chance through real git and the critic's judgement: what was planned is never refused,
 * what was planted is always found, and hunks hold all that changed.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findUnexplained, type Finding } from '#agents/explain-hunks.ts';
import { tempRepository } from '#workspace/fixtures/temp-repository.ts';
import { openRepository, type Repository } from '#workspace/git/open-repository.ts';
import { writeChangeTree } from '#workspace/git/scratch-tree.ts';
import { listHunks, type Hunk } from '#workspace/trees/changed-hunks.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';

const FILES = 300;

/** Many lines are alike, so that a diff has a choice where to cut. */
const LINES = ['a', 'b', '', '}', '  return x;', '\\ No newline', '-a', '+a', '@@ -1 +1 @@', 'a\r'];

type Files = ReadonlyMap<string, readonly string[]>;

/** Lines with their ends; sometimes the last one has none. */
function someLines(random: SeededRandom, most: number): string[] {
  const lines = Array.from({ length: random.below(most) }, () => `${random.pick(LINES)}\n`);
  return random.below(4) === 0 ? [...lines, 'end'] : lines;
}

/** The lines with a few places changed: some gone, some new. */
function editLines(random: SeededRandom, lines: readonly string[]): string[] {
  const edited = [...lines];
  for (let edits = random.below(4); edits > 0; edits -= 1) {
    const fresh = Array.from({ length: random.below(3) }, () => `${random.pick(LINES)}\n`);
    edited.splice(random.below(edited.length + 1), random.below(3), ...fresh);
  }
  return withEnds(edited);
}

/** Only the last line may be without an end. */
const withEnds = (lines: readonly string[]): string[] =>
  lines.map((line, at) => (line.endsWith('\n') || at === lines.length - 1 ? line : `${line}\n`));

const mapFiles = (files: Files, make: (lines: readonly string[]) => readonly string[]): Files =>
  new Map([...files].map(([path, lines]) => [path, make(lines)]));

interface Trees {
  readonly repository: Repository;
  readonly store: (files: Files) => Promise<string>;
}

async function begin(base: Files): Promise<Trees> {
  const contents = [...base].map(([path, lines]) => [path, lines.join('')] as const);
  const repository = await openRepository(tempRepository(Object.fromEntries(contents)).top);
  const store: Trees['store'] = (files) => {
    const written = [...files].map(([path, lines]) => {
      return { path, bytes: Buffer.from(lines.join('')) };
    });
    return writeChangeTree(repository, repository.head, written);
  };
  return { repository, store };
}

/** What is not explained in `actual` when `planned` was to be. */
async function judge({ repository, store }: Trees, actual: Files, planned: Files) {
  const difference = await listHunks(repository, await store(planned), await store(actual));
  return findUnexplained(difference, []);
}

const byPath = (findings: readonly Finding[]): ReadonlyMap<string, readonly Finding[]> =>
  Map.groupBy(findings, ({ path }) => path);

describe('changes of chance', () => {
  const start = (random: SeededRandom): Files =>
    new Map(
      Array.from({ length: FILES }, (_, at) => [`${at % 7}/${at}.ts`, someLines(random, 14)]),
    );

  it('are held in hunks that make the new file from the old one', async (t) => {
    const random = seededFor(t);
    const base = start(random);
    const trees = await begin(base);
    const after = mapFiles(base, () => someLines(random, 14));
    const { head } = trees.repository;
    const { hunks, others } = await listHunks(trees.repository, head, await trees.store(after));
    assert.deepEqual(others, []);
    for (const [path, lines] of base) {
      const mine = hunks.filter((each) => each.path === path);
      assert.equal(apply(lines, mine), after.get(path)?.join(''), path);
    }
  });

  it('are never refused when they are what was planned', async (t) => {
    const random = seededFor(t);
    const base = start(random);
    const planned = mapFiles(base, (lines) => editLines(random, lines));
    assert.deepEqual(await judge(await begin(base), planned, planned), []);
  });

  it('are refused in exactly the files that are not as planned', async (t) => {
    const random = seededFor(t);
    const base = start(random);
    const planned = mapFiles(base, (lines) => editLines(random, lines));
    const actual = mapFiles(planned, (lines) => {
      return random.below(2) === 0 ? lines : editLines(random, lines);
    });
    const found = byPath(await judge(await begin(base), actual, planned));
    for (const [path, lines] of planned) {
      const same = lines.join('') === actual.get(path)?.join('');
      assert.equal(found.has(path), !same, path);
    }
  });

  it('are refused for one planted line, which is named with its place', async (t) => {
    const random = seededFor(t);
    const base = start(random);
    const planned = mapFiles(base, (lines) => editLines(random, lines));
    const places = new Map<string, number>();
    const actual = new Map(
      [...planned].map(([path, lines]) => {
        const ended = lines.at(-1) === 'end' ? lines.length - 1 : lines.length;
        const at = random.below(ended + 1);
        places.set(path, at + 1);
        return [path, lines.toSpliced(at, 0, 'planted();\n')];
      }),
    );
    const found = byPath(await judge(await begin(base), actual, planned));
    for (const [path, line] of places) {
      const finding = { path, line, what: 'extra', text: 'planted();' };
      assert.deepEqual(found.get(path), [finding]);
    }
  });

  it('are refused for one line that was taken away', async (t) => {
    const random = seededFor(t);
    const base = start(random);
    const planned = mapFiles(base, (lines) => ['keep();\n', ...editLines(random, lines)]);
    const actual = mapFiles(planned, (lines) => lines.slice(1));
    const found = byPath(await judge(await begin(base), actual, planned));
    for (const path of planned.keys()) {
      const finding = { path, line: 1, what: 'missing', text: 'keep();' };
      assert.deepEqual(found.get(path), [finding]);
    }
  });
});

/** The file after the hunks, put together by their places in the old one and checked in the new. */
function apply(old: readonly string[], hunks: readonly Hunk[]): string {
  const lines: string[] = [];
  let at = 0;
  for (const { oldStart, oldLines, newStart, newLines } of hunks) {
    lines.push(...old.slice(at, oldStart - 1));
    assert.equal(lines.length, newStart - 1);
    assert.deepEqual(old.slice(oldStart - 1, oldStart - 1 + oldLines.length), oldLines);
    lines.push(...newLines);
    at = oldStart - 1 + oldLines.length;
  }
  return [...lines, ...old.slice(at)].join('');
}
