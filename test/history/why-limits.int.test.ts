/** What can't be said of a line for certain, or not at all, is said to be so; nothing is guessed. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { SkeinError } from '#protocol/errors.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import { openTemp } from '#workspace/fixtures/temp-repository.ts';
import { whyLine } from '#supervisor/history/why/why-line.ts';
import type { SwarmWorld } from '../swarm/swarm-world.ts';
import type { TestGoal } from '../swarm/test-recipe.ts';
import {
  ask,
  erase,
  LINES,
  missionOf,
  openWhyWorld,
  originOf,
  runAndMerge,
  textWith,
} from './why-world.ts';

/** A goal whose first plan fails its check: line 2 is edited, and edited again by the changed plan. */
const twice: TestGoal = {
  plan: ({ strategies }) => ({
    edits: {
      'food.txt':
        strategies.length > 0 ? textWith(['butter', 'cheese']) : textWith(['butter', 'stone']),
    },
  }),
  diagnose: async () => ({
    finding: 'nobody eats stones',
    strategy: 'cheese',
    paths: ['food.txt'],
  }),
};

const CHECK = '! grep -q stone food.txt';

describe('a line that one mission edited twice', () => {
  it('has both edits, the diagnosis and the changed plan', async () => {
    const world = await openWhyWorld({ twice });
    await runAndMerge(world, 'twice', [CHECK]);
    const { edits, plan, decisions, reasons } = await missionOf(world, 'food.txt:2');
    assert.deepEqual(
      edits.map(({ before, after }) =>
        [before, after].map((lines) => lines?.[0]?.split(' ').at(8)),
      ),
      [
        ['stone', 'cheese'],
        ['butter', 'stone'],
      ],
    );
    assert.match(plan?.reason ?? '', /nobody eats stones: cheese/u);
    assert.ok(decisions.some(({ type }) => type === 'mission.replanned'));
    assert.ok(reasons.some(({ type }) => type === 'agent.diagnosed'));
  });

  it('has none of them when a content is gone: which one it was is not guessed', async () => {
    const world = await openWhyWorld({ twice });
    const mission = await runAndMerge(world, 'twice', [CHECK]);
    const [first] = world.space.events(mission).filter(({ type }) => type === 'edit.intended');
    const { after } = (first as SkeinEvent).data as { readonly after: { readonly hash: string } };
    erase(world, 'blobs.db', `DELETE FROM blobs WHERE hash = '${after.hash}'`);
    const origin = await originOf(world, 'food.txt:2');
    assert.deepEqual([origin.by, origin.mission?.id], ['mission', mission]);
    assert.deepEqual(origin.mission?.edits, []);
    assert.match(origin.notes[0] ?? '', /^1 of the 2 contents .* can't be told/u);
  });
});

describe('what is gone of a mission', () => {
  it('is said to be gone: the contents, and what events said', async () => {
    const world = await openWhyWorld();
    const mission = await runAndMerge(world, 'milk', ['true']);
    const { edits } = await missionOf(world, 'food.txt:2');
    erase(world, 'blobs.db', 'DELETE FROM blobs');
    erase(world, 'ledger.db', 'UPDATE events SET type = NULL, salt = NULL, body = NULL');
    const origin = await originOf(world, 'food.txt:2');
    assert.equal(origin.mission?.id, mission);
    assert.equal(origin.mission.certainty, 'recorded');
    const [edit] = origin.mission.edits;
    assert.equal(edit?.event, edits[0]?.event);
    assert.deepEqual([edit?.time, edit?.before, edit?.after], [null, null, null]);
    // What entities hold is still known.
    assert.equal(edit?.actor, edits[0]?.actor);
    assert.equal(origin.mission.proof.checks[0]?.change?.exitCode, 0);
    assert.deepEqual(origin.mission.decisions, []);
    assert.match(origin.notes[0] ?? '', /^\d+ events of the mission are not here/u);
    assert.match(origin.notes[1] ?? '', /^What the edit wrote is not here/u);
  });

  it('makes a rewritten git commit a mere claim', async () => {
    const world = await openWhyWorld();
    await runAndMerge(world, 'milk');
    world.repository.git(
      'commit',
      '--quiet',
      '--amend',
      '--message',
      messageOf(world, 'Other words'),
    );
    erase(world, 'blobs.db', 'DELETE FROM blobs');
    const origin = await originOf(world, 'food.txt:2');
    assert.equal(origin.mission?.certainty, 'claimed');
    assert.match(origin.notes[0] ?? '', /only what its message says/u);
  });
});

const messageOf = ({ repository }: SwarmWorld, subject: string): string =>
  repository.git('log', '-1', '--format=%B').replace(/^.*/u, subject);

describe('a record that is not in this home', () => {
  it('is named, with the mission', async () => {
    const world = await openWhyWorld();
    const mission = await runAndMerge(world, 'milk');
    const request = { folder: world.repository.top, file: 'food.txt', line: 2, all: false };
    const { origins } = await whyLine(request, async () => undefined);
    assert.equal(origins[0]?.by, 'elsewhere');
    assert.match(
      origins[0].notes[0] ?? '',
      new RegExp(`${mission} of record 5e5e.* not in this home`, 'u'),
    );
  });

  it('is one that is here without the mission, too', async () => {
    const world = await openWhyWorld();
    world.repository.write('food.txt', textWith(['butter', 'jam']));
    world.repository.commit(`Jam\n\nSkein-Mission: 0\nSkein-Space: ${world.space.ledger.space}`);
    const origin = await originOf(world, 'food.txt:2');
    assert.equal(origin.by, 'elsewhere');
    assert.match(origin.notes[0] ?? '', /not on record/u);
  });

  it('is said to be damaged when it is', async () => {
    const world = await openWhyWorld();
    await runAndMerge(world, 'milk');
    const request = { folder: world.repository.top, file: 'food.txt', line: 2, all: false };
    const { ledger } = world.space;
    const { origins } = await whyLine(request, async () => ({ ledger, damaged: true }));
    assert.match(origins[0]?.notes[0] ?? '', /damaged/u);
  });
});

describe('a shallow clone', () => {
  it('knows the last edits only: older lines may be of anybody', async () => {
    const world = await openWhyWorld({ twice });
    const { repository } = world;
    const mission = await runAndMerge(world, 'twice', [CHECK]);
    const clone = join(repository.folder, 'clone');
    repository.git('clone', '--quiet', '--depth=1', `file://${repository.top}`, clone);
    // The content between its two edits shows that this line is the mission's.
    assert.equal((await missionOf(world, 'food.txt:2', { folder: clone })).id, mission);
    const older = await originOf(world, 'food.txt:3', { folder: clone });
    assert.deepEqual([older.by, older.mission], ['unknown', null]);
    assert.match(older.notes.join(' '), /may have found the line there.*The clone is shallow/u);
    // The twin: with all of its history, it is known.
    assert.equal((await originOf(world, 'food.txt:3')).by, 'before-skein');
  });
});

describe('what is not committed', () => {
  it('is said to be so: a changed line, a new file, an unknown one', async () => {
    const world = await openWhyWorld();
    await runAndMerge(world, 'milk');
    const { repository } = world;
    repository.write('food.txt', textWith(['butter', 'milk'], ['coffee', 'cocoa']));
    repository.write('new.txt', 'one\n');
    repository.write('unknown.txt', 'one\n');
    repository.git('add', 'new.txt');
    const { origins } = await ask(world, 'food.txt:3', { all: true });
    assert.deepEqual(
      origins.map(({ by }) => by),
      ['uncommitted', 'before-skein'],
    );
    assert.match(origins[0]?.text ?? '', /cocoa/u);
    assert.equal((await originOf(world, 'new.txt:1')).by, 'uncommitted');
    assert.equal((await originOf(world, 'unknown.txt:1')).by, 'uncommitted');
    assert.equal((await originOf(world, 'food.txt:2')).by, 'mission');
    // In a git commit it is as it was there.
    assert.match((await ask(world, 'food.txt:3', { at: 'HEAD' })).text, /coffee/u);
  });
});

describe('a question that has no answer', () => {
  const refusal = async (...asked: Parameters<typeof ask>): Promise<readonly [string, string]> => {
    try {
      return ['answered', JSON.stringify(await ask(...asked))];
    } catch (error) {
      return [(error as SkeinError).name, (error as SkeinError).message];
    }
  };

  it('is refused, and why', async () => {
    const world = await openWhyWorld({}, { 'picture.bin': 'a\0b\n', 'empty.txt': '' });
    const { repository } = world;
    mkdirSync(join(repository.top, 'folder'));
    symlinkSync('food.txt', join(repository.top, 'link.txt'));
    for (const [where, name, says] of [
      ['food.txt:5', 'not-found', /has only 4 lines/u],
      ['empty.txt:1', 'not-found', /has only 0 lines/u],
      ['other.txt:1', 'not-found', /no such file/u],
      ['../other.txt:1', 'repository-not-found', /not in a git repository/u],
      ['.:1', 'repository-not-found', /not in a git repository/u],
      ['../gone/other.txt:1', 'not-found', /not in the repository/u],
      ['folder:1', 'usage', /a folder/u],
      ['link.txt:1', 'usage', /a symbolic link/u],
      ['picture.bin:1', 'usage', /binary/u],
    ] as const) {
      const [found, message] = await refusal(world, where);
      assert.equal(found, name, `${where}: ${message}`);
      assert.match(message, says);
    }
    const at = { at: 'nowhere' };
    assert.match(
      (await refusal(world, 'food.txt:1', at)).join(),
      /not-found.*git commit "nowhere"/u,
    );
    const flag = { at: '--all' };
    assert.equal((await refusal(world, 'food.txt:1', flag))[0], 'not-found');
    const gone = { at: 'HEAD' };
    assert.match(
      (await refusal(world, 'other.txt:1', gone)).join(),
      /not-found.*has no such file/u,
    );
  });

  it('is about the repository that the file is in: a submodule has a history of its own', async () => {
    const world = await openWhyWorld();
    const { repository } = world;
    const inner = openTemp(repository.folder, join(repository.top, 'inner'));
    mkdirSync(inner.top);
    inner.git('init', '--quiet');
    inner.write('a.txt', 'one\n');
    const made = inner.commit('Inner');
    const { repository: top, origins } = await ask(world, 'inner/a.txt:1');
    assert.equal(top, inner.top);
    assert.deepEqual([origins[0]?.by, origins[0]?.git?.commit], ['before-skein', made]);
  });

  it('may be about a file that is gone, in a folder that is gone', async () => {
    const world = await openWhyWorld({}, { 'old/deep/list.txt': 'one\n' });
    world.repository.git('rm', '-r', '--quiet', 'old');
    world.repository.commit('Without');
    const { origins } = await ask(world, 'old/deep/list.txt:1', { at: 'HEAD~1' });
    assert.equal(origins[0]?.by, 'before-skein');
  });
});

describe('line ends', () => {
  it('are no obstacle: git stores others than the mission saw', async () => {
    const crlf = textWith(['butter', 'milk']).replaceAll('\n', '\r\n');
    const ends: TestGoal = { plan: () => ({ edits: { 'food.txt': crlf } }) };
    const files = { '.gitattributes': '*.txt text eol=crlf\n' };
    const world = await openWhyWorld({ ends }, files);
    const mission = await runAndMerge(world, 'ends');
    const made = await missionOf(world, 'food.txt:2');
    assert.deepEqual([made.id, made.certainty], [mission, 'recorded']);
    assert.deepEqual(made.edits[0]?.before, [LINES[1]]);
    assert.equal((await originOf(world, 'food.txt:3')).by, 'before-skein');
  });
});
