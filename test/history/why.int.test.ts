/** Why a line is as it is: through whatever people do with the git commit of a mission. */
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { assertEnded } from '../swarm/swarm-world.ts';
import { forkAt } from './fork-world.ts';
import {
  ask,
  LINES,
  missionOf,
  openWhyWorld,
  originOf,
  runAndMerge,
  textWith,
} from './why-world.ts';

const MILK = LINES[1].replace('butter', 'milk');

describe('why a line of a mission is as it is', () => {
  it('is its edit, the decision before it, its proof, its price and its git commit', async () => {
    const world = await openWhyWorld();
    const mission = await runAndMerge(world, 'milk', ['grep -q milk food.txt || true']);
    const answer = await ask(world, 'food.txt:2');
    assert.equal(answer.text, MILK);
    assert.equal(answer.at, null);
    assert.equal(answer.hasEarlier, true);
    const [origin] = answer.origins;
    assert.equal(answer.origins.length, 1);
    assert.equal(origin?.by, 'mission');
    assert.deepEqual(origin.notes, []);
    assert.equal(origin.mission?.id, mission);
    const { edits, certainty, gitCommit, goal, plan, decisions, proof, price } = origin.mission;
    assert.equal(certainty, 'recorded');
    assert.equal(gitCommit, world.repository.git('rev-parse', 'HEAD').trim());
    assert.equal(origin.git?.commit, gitCommit);
    assert.deepEqual(origin.git.branches, ['main', `skein/${mission}`]);
    assert.equal(goal, 'milk');
    const [edit, ...others] = edits;
    assert.equal(others.length, 0);
    assert.deepEqual([edit?.before, edit?.after], [[LINES[1]], [MILK]]);
    const intended = world.space.events(mission).find(({ type }) => type === 'edit.intended');
    assert.deepEqual(
      [edit?.event, edit?.actor, edit?.time],
      [intended?.id, intended?.actor, intended?.time],
    );
    assert.match(edit?.task?.title ?? '', /milk/u);
    const approved = decisions.find(({ type }) => type === 'mission.approved');
    assert.equal(approved?.actor, 'person:owner');
    assert.equal((approved.data as { hash: string }).hash, plan?.hash);
    assert.deepEqual(proof.guardrails, ['path', 'base-hash', 'parses']);
    assert.match(proof.review ?? '', /all explained/u);
    assert.deepEqual(
      proof.checks.map(({ base, change, comparison }) => [
        base?.exitCode,
        change?.exitCode,
        comparison,
      ]),
      [[0, 0, 'passed']],
    );
    assert.deepEqual([price.planned?.files, price.used.files, price.used.changes], [1, 1, 1]);
  });

  it('is found after lines were put above it and its file was renamed', async () => {
    const world = await openWhyWorld();
    const mission = await runAndMerge(world, 'milk');
    const { repository } = world;
    repository.write('food.txt', `one more\nand another\n${textWith(['butter', 'milk'])}`);
    repository.commit('Two lines above');
    repository.git('mv', 'food.txt', 'eating.txt');
    repository.commit('A better name');
    const origin = await originOf(world, 'eating.txt:4');
    assert.equal(origin.mission?.id, mission);
    assert.equal(origin.mission.certainty, 'recorded');
    assert.deepEqual([origin.path, origin.line], ['food.txt', 2]);
    assert.equal((await originOf(world, 'eating.txt:1')).by, 'by-hand');
  });

  it('is found where a person moved the line to, and who moved it', async () => {
    const world = await openWhyWorld();
    const mission = await runAndMerge(world, 'milk');
    const [first, , third, fourth] = LINES;
    world.repository.write('food.txt', `${[first, third, fourth, MILK].join('\n')}\n`);
    world.repository.commit('To the end');
    const { origins } = await ask(world, 'food.txt:4');
    assert.deepEqual(
      origins.map(({ by, moved, git }) => [by, moved, git?.summary]),
      [
        ['by-hand', true, 'To the end'],
        ['mission', false, 'milk'],
      ],
    );
    assert.equal(origins[1]?.mission?.id, mission);
  });

  it('is the last of two missions, and with all of them the way back to before Skein', async () => {
    const world = await openWhyWorld();
    const first = await runAndMerge(world, 'milk');
    const second = await runAndMerge(world, 'honey');
    assert.equal((await missionOf(world, 'food.txt:2')).id, second);
    const { origins, hasEarlier } = await ask(world, 'food.txt:2', { all: true });
    assert.deepEqual(
      origins.map(({ by, mission, likely }) => [by, mission?.id, likely]),
      [
        ['mission', second, false],
        ['mission', first, false],
        ['before-skein', undefined, false],
      ],
    );
    assert.equal(hasEarlier, false);
    assert.deepEqual(
      origins.map(({ text }) => text.split(' ').at(8)),
      ['honey', 'milk', 'butter'],
    );
  });

  it('is the command of the plan when that made the change', async () => {
    const command = {
      name: 'oil',
      command: "sed -i 's/butter/oil/' food.txt",
      lines: 'butter|oil',
    };
    const part = {
      key: 'oil',
      title: 'Oil',
      paths: ['food.txt'],
      after: [],
      expects: 'oil',
      command,
    };
    const world = await openWhyWorld({ oil: { plan: () => ({ edits: {}, parts: [part] }) } });
    const mission = await runAndMerge(world, 'oil');
    const { id, edits } = await missionOf(world, 'food.txt:2');
    assert.equal(id, mission);
    assert.equal(edits[0]?.command, command.command);
    assert.match(edits[0].after?.[0] ?? '', /oil/u);
  });

  it('is the original when a fork laid the edit out again', async () => {
    const world = await openWhyWorld();
    const original = await world.run('milk');
    const fork = await world.finish(await forkAt(world, original.mission, 'end'));
    assertEnded(world, fork, 'done');
    world.repository.git('merge', '--quiet', '--ff-only', `skein/${fork.mission}`);
    const mission = await missionOf(world, 'food.txt:2');
    assert.equal(mission.id, fork.mission);
    const [answer, forked] = mission.decisions;
    assert.deepEqual([answer?.type, forked?.type], ['mission.approved', 'mission.forked']);
    assert.equal(answer?.mission, original.mission, 'the answer that counts here too');
    assert.equal(mission.original?.id, original.mission);
    assert.deepEqual(mission.original.edits[0]?.after, [MILK]);
    assert.equal(mission.original.decisions.at(-1)?.type, 'mission.approved');
  });
});

describe('a git commit of a mission that was made anew', () => {
  it('is believed for the lines that the mission wrote: amended', async () => {
    const world = await openWhyWorld();
    const mission = await runAndMerge(world, 'milk');
    const { repository } = world;
    repository.write('food.txt', textWith(['butter', 'milk'], ['tea', 'cocoa']));
    repository.git('commit', '--quiet', '--all', '--amend', '--no-edit');
    const made = await originOf(world, 'food.txt:2');
    assert.equal(made.mission?.id, mission);
    assert.equal(made.mission.certainty, 'same-text');
    assert.match(made.notes[0] ?? '', /amended, rebased or cherry-picked\. Its line is the one/u);
    // The twin: a line that the amending person wrote is not the mission's, whatever the message says.
    const other = await originOf(world, 'food.txt:3');
    assert.equal(other.by, 'by-hand');
    assert.match(
      other.notes[0] ?? '',
      new RegExp(`names mission ${mission}, but the line is not as`, 'u'),
    );
  });

  it('is not believed for lines that stood there before the mission, or of other files', async () => {
    const world = await openWhyWorld();
    const mission = await runAndMerge(world, 'milk');
    const { repository } = world;
    const trailers = repository.git('log', '-1', '--format=%B');
    repository.write('drinks.txt', 'water\n');
    repository.write('food.txt', textWith(['butter', 'milk'], ['apples', 'plums']));
    repository.commit(`By hand\n\n${trailers}`);
    for (const where of ['drinks.txt:1', 'food.txt:1']) {
      const origin = await originOf(world, where);
      assert.equal(origin.by, 'by-hand', where);
      assert.match(origin.notes[0] ?? '', new RegExp(`names mission ${mission}, but`, 'u'));
    }
  });

  it('is believed after a rebase and a cherry-pick, also where the file has changed', async () => {
    const world = await openWhyWorld();
    const { repository } = world;
    const { mission } = await world.run('milk');
    repository.write('food.txt', `a line on top\n${textWith()}`);
    repository.commit('On top');
    repository.git('cherry-pick', `skein/${mission}`);
    const picked = await originOf(world, 'food.txt:3');
    assert.equal(picked.mission?.certainty, 'same-text');
    assert.equal(picked.mission.id, mission);
    assert.deepEqual(picked.mission.edits[0]?.after, [MILK]);
    assert.equal((await originOf(world, 'food.txt:1')).by, 'before-skein');
  });

  it('is believed after a squash, with its file renamed in the same git commit', async () => {
    const world = await openWhyWorld();
    const { repository } = world;
    const first = await world.run('milk');
    repository.git('switch', '--quiet', '--create', 'side', `skein/${first.mission}`);
    const second = await world.run('honey');
    repository.git('merge', '--quiet', '--ff-only', `skein/${second.mission}`);
    repository.git('switch', '--quiet', 'main');
    repository.git('merge', '--quiet', '--squash', 'side');
    renameSync(join(repository.top, 'food.txt'), join(repository.top, 'eating.txt'));
    repository.git('add', '--all');
    repository.git('commit', '--quiet', '--no-edit');
    const origin = await originOf(world, 'eating.txt:2');
    assert.equal(origin.git?.claims.length, 2);
    assert.equal(origin.mission?.id, second.mission);
    assert.equal(origin.mission.certainty, 'same-text');
    assert.match(origin.notes[0] ?? '', /squashed or written anew/u);
  });
});
