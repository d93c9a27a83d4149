/** Two missions side by side, as far as each of them came. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  compareMissions,
  type Comparison,
  type SideSource,
} from '#supervisor/history/compare/compare-missions.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import type { SwarmWorld } from '../swarm/swarm-world.ts';
import type { TestGoal } from '../swarm/test-recipe.ts';
import { forkAt } from './fork-world.ts';
import { erase, LINES, openWhyWorld, textWith } from './why-world.ts';

async function sourceOf({ space, repository }: SwarmWorld, mission: string): Promise<SideSource> {
  return { ledger: space.ledger, mission, repository: await openRepository(repository.top) };
}

async function compare(
  world: SwarmWorld,
  [a, b]: readonly [string, string],
  diff = false,
): Promise<Comparison> {
  return compareMissions(await sourceOf(world, a), await sourceOf(world, b), diff);
}

const marks = ({ files }: Comparison): readonly string[] =>
  files.map(({ path, a, b, same }) => {
    const [left, right] = [a, b].map((file) =>
      file === null ? '-' : `+${file.added} -${file.removed}`,
    );
    return `${path} ${left} ${right}${same ? ' same' : ''}`;
  });

const more: Readonly<Record<string, TestGoal>> = {
  both: { plan: () => ({ edits: { 'food.txt': textWith(['butter', 'milk']), 'b.txt': 'B\n' } }) },
  broken: { plan: () => ({ edits: { 'food.txt': textWith(['bread', 'stone']) } }) },
};

const openWorld = (): Promise<SwarmWorld> => openWhyWorld(more, { 'b.txt': 'b\n' });

describe('two missions', () => {
  it('have their files, plans, decisions, checks, prices and sizes side by side', async () => {
    const world = await openWorld();
    const milk = await world.run('milk', { checks: ['true'] });
    const both = await world.run('both', { checks: ['test -f none'] });
    const juice = await world.run('juice');
    const compared = await compare(world, [milk.mission, both.mission]);
    assert.deepEqual(marks(compared), ['b.txt - +1 -1', 'food.txt +1 -1 +1 -1 same']);
    const { a, b } = compared;
    assert.deepEqual([a.goal, b.goal], ['milk', 'both']);
    assert.equal(a.base, b.base);
    assert.deepEqual([a.result.state, a.result.notes], ['written', []]);
    assert.equal(a.plan?.plans, 1);
    assert.deepEqual(new Set(b.plan?.tasks.map(({ status }) => status)), new Set(['done']));
    assert.deepEqual(
      a.decisions.map(({ type }) => type),
      ['mission.approved'],
    );
    const checks = ({ checks: of }: typeof a): unknown[] =>
      of.map(({ name, base, change, comparison }) => [
        name,
        base?.exitCode,
        change?.exitCode,
        comparison,
      ]);
    assert.deepEqual(checks(a), [['true', 0, 0, 'passed']]);
    assert.deepEqual(checks(b), [['test -f none', 1, 1, 'failed-before-too']]);
    assert.deepEqual([a.price.used.files, b.price.used.files], [1, 2]);
    assert.equal(a.price.used.money, 0);
    assert.equal(a.size.events, world.space.events(milk.mission).length);
    assert.ok(a.size.eventBytes > 1_000 && a.size.blobBytes > 0 && a.size.unreadable === 0);
    assert.deepEqual(marks(await compare(world, [milk.mission, juice.mission])), [
      'food.txt +1 -1 +1 -1',
    ]);
  });

  it('have a diff between their results when it is asked for', async () => {
    const world = await openWorld();
    const milk = await world.run('milk');
    const juice = await world.run('juice');
    const { diff } = await compare(world, [milk.mission, juice.mission], true);
    const lines = diff?.split('\n').filter((line) => /^[+-](?![+-])/u.test(line));
    const [, butter, tea] = LINES;
    const [withMilk, withJuice] = [butter.replace('butter', 'milk'), tea.replace('tea', 'juice')];
    assert.deepEqual(lines, [`-${withMilk}`, `-${tea}`, `+${butter}`, `+${withJuice}`]);
    const elsewhere = await openWorld();
    const one = await sourceOf(world, milk.mission);
    const other = { ...one, repository: await openRepository(elsewhere.repository.top) };
    await assert.rejects(compareMissions(one, other, true), /not in one repository/u);
    await assert.rejects(compare(world, [milk.mission, 'none']), { name: 'not-found' });
  });

  it('may be a fork and its original: what it took over is the same', async () => {
    const world = await openWorld();
    const original = await world.run('milk', { checks: ['true'] });
    const fork = await world.finish(await forkAt(world, original.mission, 'end'));
    const { a, b, files } = await compare(world, [original.mission, fork.mission]);
    assert.deepEqual(
      files.map(({ same }) => same),
      [true],
    );
    assert.deepEqual([a.forkOf, b.forkOf?.mission], [null, original.mission]);
    assert.deepEqual(
      b.decisions.map(({ type }) => type),
      ['mission.forked'],
    );
    assert.equal(b.checks[0]?.base?.exitCode, 0, 'an answer of the original that counts here too');
  });
});

describe('a mission without a result', () => {
  it('is compared by what it plans, and by nothing when it was rejected before', async () => {
    const world = await openWorld();
    const milk = await world.run('milk');
    const waiting = await world.submit('both');
    await world.until(waiting, 'waiting');
    const compared = await compare(world, [milk.mission, waiting]);
    assert.deepEqual(marks(compared), ['b.txt - +1 -1', 'food.txt +1 -1 +1 -1 same']);
    assert.equal(compared.b.result.state, 'planned');
    assert.equal(compared.b.plan?.tasks[0]?.status, 'planned');
    assert.equal(compared.b.price.used.files, 0);
    assert.deepEqual(compared.b.checks, []);
  });

  it('is compared by what it had written when it failed', async () => {
    const world = await openWorld();
    const milk = await world.run('milk');
    const broken = await world.run('broken', { checks: ['! grep -q stone food.txt'] });
    assert.equal(broken.state.status, 'failed');
    const { b, files } = await compare(world, [milk.mission, broken.mission]);
    assert.deepEqual([b.result.state, b.gitCommit], ['written', null]);
    assert.deepEqual(
      files.map(({ same, b: file }) => [same, file?.added]),
      [[false, 1]],
    );
    assert.equal(b.checks[0]?.change?.exitCode, 1);
    assert.equal(b.decisions.at(-1)?.type, 'mission.failed');
  });
});

describe('what is gone', () => {
  it('is said, and is not counted: contents, bodies, the repository', async () => {
    const world = await openWorld();
    const milk = await world.run('milk');
    const broken = await world.run('broken', { checks: ['! grep -q stone food.txt'] });
    erase(world, 'blobs.db', 'DELETE FROM blobs');
    erase(
      world,
      'ledger.db',
      `UPDATE events SET type = NULL, body = NULL, salt = NULL WHERE mission = '${broken.mission}'`,
    );
    const { a, b, files } = await compare(world, [milk.mission, broken.mission]);
    assert.deepEqual(a.result.notes, [], 'the git commit still has its lines');
    assert.match(b.result.notes[0] ?? '', /^Lines are not counted/u);
    assert.deepEqual([files[0]?.a?.added, files[0]?.b?.added], [1, null]);
    assert.ok(b.size.unreadable > 0);
    assert.deepEqual(b.decisions, []);
    const pair: readonly [string, string] = [milk.mission, broken.mission];
    await assert.rejects(compare(world, pair, true), { name: 'usage' });
    const one = { ledger: world.space.ledger, mission: milk.mission, repository: undefined };
    const without = await compareMissions(one, one, false);
    assert.deepEqual([without.files[0]?.same, without.files[0]?.a?.added], [true, null]);
    assert.match(without.a.result.notes[0] ?? '', /repository is not here/u);
  });
});
