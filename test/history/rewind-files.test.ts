/** The files of a mission at a moment: real bytes in the right order, or what is missing. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { reducers } from '#daemon/state-tables.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { treeAt } from '#supervisor/history/mission-tree.ts';
import { diffThen, writeThen } from '#supervisor/history/rewind-files.ts';
import { rewindMission, type Rewound } from '#supervisor/history/rewind.ts';
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { missionStory, submission, type StoryStep } from '../support/mission-story.ts';
import { makeTestLedger, type TestLedger } from '../support/test-ledger.ts';

const MISSION = '01a00000-0000-7000-8000-000000000001';

/** One mission over a real repository; the record and its blobs are in memory. */
class Story {
  readonly temp: TempRepository = tempRepository({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
  readonly blobs = new Map<string, Buffer>();
  ledger: TestLedger = makeTestLedger();
  base = this.temp.git('rev-parse', 'HEAD').trim();

  /** The mission up to its claimed task. */
  begin(): void {
    this.#tell({ name: 'mission.submit', input: { ...submission(MISSION), base: this.base } });
    for (const step of missionStory(MISSION, ['a.txt', 'b.txt']).slice(3, 6)) this.#tell(step);
  }

  edit(path: string, before: string, after: string): void {
    this.blobs.set(sha256(after), Buffer.from(after));
    const hashes = { baseHash: sha256(before), afterHash: sha256(after) };
    const held = { lease: `${MISSION}.1.1`, token: 1, path };
    const blob = { hash: sha256(after), bytes: Buffer.byteLength(after) };
    const intent = { ...held, ...hashes, after: blob, changes: 1, guardrails: [] };
    const key = `edit/${path}@${sha256(after).slice(0, 16)}`;
    this.effect('edit', key, intent, { afterHash: sha256(after) });
  }

  effect(kind: string, key: string, intent: object, outcome: object): void {
    const about = { kind, effect: `${MISSION}/${key}`, subject: `${kind}/x`, mission: MISSION };
    this.#tell({ name: 'effect.intend', input: { ...about, data: intent } });
    this.#tell({ name: 'effect.finish', input: { ...about, data: outcome } });
  }

  /** An edit, and a git commit as `prove` makes it, in which the file is `committed`. */
  commit(committed: string): void {
    this.edit('a.txt', 'a\n', 'changed\n');
    this.temp.write('a.txt', committed);
    const gitCommit = this.temp.commit('Change');
    const tree = this.temp.git('rev-parse', 'HEAD^{tree}').trim();
    const person = { name: 'Ada', email: 'ada@example.com' };
    const who = { author: person, committer: person, date: { seconds: 1, offset: '+0000' } };
    const intent = { tree, parent: this.base, message: 'Change', ...who, gitCommit };
    this.effect('git-commit', 'git-commit', intent, { gitCommit });
    this.temp.git('reset', '--quiet', '--hard', this.base);
  }

  /** The same, after which git forgets the commit. */
  commitAndLose(committed: string): void {
    this.commit(committed);
    this.temp.git('reflog', 'expire', '--expire=now', '--all');
    this.temp.git('gc', '--quiet', '--prune=now');
  }

  /** Another life of the node, whose clock stands an hour earlier. */
  liveAgain(): void {
    const { database, signer, clock } = this.ledger;
    clock.ms -= 3_600_000;
    this.ledger = makeTestLedger({ database, signer, clock, seed: 2 });
  }

  at(moment: string): Rewound {
    return rewindMission({ ledger: this.parts, reducers, mission: MISSION, at: moment });
  }

  get parts(): Pick<Ledger, 'read' | 'blobs'> {
    const get = (hash: string): Buffer => {
      const found = this.blobs.get(hash);
      if (found !== undefined) return found;
      throw new SkeinError('blob-missing', `Cannot read blob ${hash}: it is not here`);
    };
    const read = makeLedgerReader(this.ledger.database);
    return { read, blobs: { get } as unknown as Ledger['blobs'] };
  }

  async write(at: string): ReturnType<typeof writeThen> {
    const repository = await openRepository(this.temp.top);
    const folder = join(this.temp.folder, 'then');
    return writeThen(this.parts, this.at(at), { repository, folder });
  }

  async diff(at: string): ReturnType<typeof diffThen> {
    return diffThen(this.parts, this.at(at), await openRepository(this.temp.top));
  }

  read(path: string): string {
    return readFileSync(join(this.temp.folder, 'then', path), 'utf8');
  }

  #tell({ name, input }: StoryStep): void {
    this.ledger.clock.ms += 1_000;
    this.ledger.store(name, input);
  }
}

function begun(): Story {
  const story = new Story();
  story.begin();
  return story;
}

describe('the files of a moment', () => {
  it('are those of the last edit of each, in the order of the record', async () => {
    const story = begun();
    story.edit('a.txt', 'a\n', 'first\n');
    story.edit('b.txt', 'b\n', 'other\n');
    story.edit('a.txt', 'first\n', 'second\n');
    assert.deepEqual((await story.write('end')).differing, []);
    assert.deepEqual([story.read('a.txt'), story.read('b.txt')], ['second\n', 'other\n']);
    const files = story.at('end').tree.files.map(({ path, baseHash }) => [path, baseHash]);
    assert.deepEqual(files, [
      ['a.txt', sha256('a\n')],
      ['b.txt', sha256('b\n')],
    ]);
  });

  it('are in that order also when a clock went back between two lives of a node', () => {
    const story = begun();
    story.edit('a.txt', 'a\n', 'first\n');
    story.liveAgain();
    story.edit('a.txt', 'first\n', 'second\n');
    const { tree, entities } = story.at('end');
    assert.equal(tree.files[0]?.hash, sha256('second\n'));
    const sorted = entities.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    for (const all of [sorted, sorted.toReversed()]) {
      assert.deepEqual(treeAt(story.parts, all), tree);
    }
  });

  it('leave out an edit that is announced and not done, and tell of it', async () => {
    const story = begun();
    story.edit('a.txt', 'a\n', 'first\n');
    const [intended] = story.parts.read
      .events({ after: 0, limit: 100 })
      .filter(({ type }) => type === 'edit.intended');
    const { id } = JSON.parse(String(intended?.body)) as { id: string };
    assert.deepEqual(story.at(id).tree.underWay, ['a.txt']);
    assert.deepEqual(story.at('end').tree.underWay, []);
    assert.equal((await story.diff(id)).diff, '');
  });

  it('are those of its git commit, once it had made one', async () => {
    const story = begun();
    story.commit('changed\n');
    story.blobs.clear();
    assert.deepEqual((await story.write('end')).missing, []);
    assert.equal(story.read('a.txt'), 'changed\n');
    assert.match((await story.diff('end')).diff, /^\+changed$/mu);
  });

  it('come from the record when the git commit is gone, if they make its tree', async () => {
    const story = begun();
    story.commitAndLose('changed\n');
    await story.write('end');
    assert.equal(story.read('a.txt'), 'changed\n');
  });

  it('are refused when the record makes another tree than the git commit had', async () => {
    const story = begun();
    story.commitAndLose('by a filter\n');
    await assert.rejects(story.write('end'), { name: 'git-failed' });
    assert.equal(existsSync(join(story.temp.folder, 'then')), false);
  });

  it('are named when their content is gone, and nothing is written', async () => {
    const story = begun();
    story.edit('a.txt', 'a\n', 'first\n');
    story.edit('b.txt', 'b\n', 'other\n');
    story.blobs.delete(sha256('first\n'));
    const { folder, missing } = await story.write('end');
    assert.deepEqual([folder, missing.map(({ path }) => path)], [null, ['a.txt']]);
    const { diff, missing: lacking } = await story.diff('end');
    assert.match(diff, /^\+other$/mu);
    assert.doesNotMatch(diff, /a\.txt/u);
    assert.deepEqual(lacking, missing);
  });

  it('can not be told without the git commit that the mission started from', async () => {
    const story = new Story();
    story.base = 'c0'.repeat(20);
    story.begin();
    await assert.rejects(story.write('end'), { name: 'not-found', message: /c0c0c0/u });
    await assert.rejects(story.diff('end'), { name: 'not-found' });
  });
});
