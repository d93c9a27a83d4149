/** A replay comes to the same state from the record alone, and touches nothing. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { execFileSync } from 'node:child_process';
import { deciders, reducers } from '#daemon/state-tables.ts';
import { SkeinError } from '#protocol/errors.ts';
import { EFFECT_KINDS } from '#protocol/events/effect.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import { assertEnded, type Ended, type SwarmWorld } from '../swarm/swarm-world.ts';
import { everythingOf, forkAt } from './fork-world.ts';
import { ASKED, copyRecord, openReplayWorld, replay } from './replay-world.ts';

let world: SwarmWorld;
let original: Ended;
before(async () => {
  world = await openReplayWorld();
  original = await world.run('everything', ASKED);
  assertEnded(world, original, 'done');
});

/** A PATH with nothing but a git that writes down what it is asked for. */
function onlyGit(folder: string): { readonly path: string; readonly asked: () => string[] } {
  const log = join(folder, 'git.log');
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const git = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
  writeFileSync(join(bin, 'git'), `#!/bin/sh\necho "$@" >> ${log}\nexec ${git} "$@"\n`);
  chmodSync(join(bin, 'git'), 0o755);
  writeFileSync(log, '');
  return { path: bin, asked: () => readFileSync(log, 'utf8').trim().split('\n') };
}

describe('a replay of a mission with every kind of effect', () => {
  it('comes to the same state, decides and asks for everything again', async () => {
    const kinds = new Set(original.events.map(({ type }) => type.replace(/\.done$/u, '')));
    assert.deepEqual(
      EFFECT_KINDS.filter((kind) => !kinds.has(kind)),
      [],
    );
    const report = await replay(world, original.mission);
    assert.equal(report.difference, null);
    assert.equal(report.events, original.events.length);
    assert.equal(report.decided, report.commands);
    assert.deepEqual([report.other, report.firstOther, report.open], [0, null, 0]);
    const done = original.events.filter(
      ({ type, data }) => type.endsWith('.done') && 'effect' in (data as object),
    );
    assert.equal(report.answered, done.length);
    const tasks = original.events.filter(({ type }) => type === 'task.done').length;
    assert.equal(report.trees, 2 * tasks + 1);
    assert.equal(report.event, original.events.at(-1)?.id);
  });

  it('runs no program but git, and writes nothing: no event, no ref, no object, no file', async () => {
    const { repository, space } = world;
    const state = (): unknown => [
      everythingOf(world, original.mission),
      repository.git('count-objects', '-v'),
      repository.git('for-each-ref'),
      repository.git('worktree', 'list'),
      space.ledger.stats().events,
      space.ledger.stats().blobBytes,
    ];
    const then = state();
    const { path, asked } = onlyGit(repository.folder);
    const usual = process.env['PATH'];
    try {
      process.env['PATH'] = path + delimiter;
      assert.equal((await replay(world, original.mission)).difference, null);
    } finally {
      process.env['PATH'] = usual;
    }
    const words = asked().map(
      (line) =>
        / (cat-file|read-tree|update-index|write-tree|rev-parse|config|symbolic-ref|status|version|--version) ?/u.exec(
          ` ${line} `,
        )?.[1],
    );
    assert.deepEqual(
      words.filter((word) => word === undefined),
      [],
    );
    assert.deepEqual(state(), then);
  });

  it('stops at any moment, with what was in flight then', async () => {
    for (const [index, { id, type }] of original.events.entries()) {
      if (index % 17 !== 0 && type !== 'edit.intended') continue;
      const report = await replay(world, original.mission, { at: id });
      assert.equal(report.difference, null, `${type} ${id}: ${report.difference?.what}`);
      assert.ok(report.events >= index + 1);
      if (type === 'edit.intended') assert.ok(report.open >= 1);
    }
  });

  it('works for a fork, and for a fork of it', async () => {
    for (const at of ['task 2', 'end']) {
      const fork = await world.finish(await forkAt(world, original.mission, at));
      assertEnded(world, fork, 'done');
      const report = await replay(world, fork.mission);
      assert.equal(report.difference, null, report.difference?.what ?? '');
      assert.deepEqual([report.decided, report.other], [report.commands, 0]);
    }
  });
});

describe('a replay with something else than what was recorded', () => {
  it('names the event where a broken reducer comes to another state', async () => {
    const reduceTask = reducers.reducers.task as (state: unknown, event: unknown) => TaskState;
    const broken = (state: never, event: never): unknown => ({
      ...reduceTask(state, event),
      attempt: 7,
    });
    const report = await replay(world, original.mission, {
      reducers: { ...reducers, reducers: { ...reducers.reducers, task: broken } },
    });
    assert.match(report.difference?.what ?? '', /^Cannot come to the same state: task /u);
    assert.ok(report.other > 0);
  });

  it('names the command that a stricter decider refuses, and counts what is decided otherwise', async () => {
    const finish = 'task.finish';
    const stricter = (): never => {
      throw new SkeinError('conflict', 'Cannot close task: not today');
    };
    const refused = await replay(world, original.mission, {
      deciders: { ...deciders, [finish]: stricter },
    });
    const first = original.events.find(({ type }) => type === 'task.done');
    assert.equal(refused.difference?.event, first?.id);
    assert.match(refused.difference?.what ?? '', /^Cannot decide task\.finish again/u);
    assert.match(refused.difference?.lines[0] ?? '', /not today/u);
    const otherwise = await replay(world, original.mission, {
      deciders: { ...deciders, [finish]: () => [] },
    });
    assert.equal(otherwise.difference, null);
    assert.equal(
      otherwise.other,
      original.events.filter(({ type }) => type === 'task.done').length,
    );
    assert.equal(otherwise.firstOther, first?.id);
  });

  it('says so when the base is gone from git', async () => {
    const copy = copyRecord(world);
    const [submitted] = original.events;
    assert.ok(submitted?.type === 'mission.submitted');
    const base = '12'.repeat(20);
    copy.rewrite(submitted, { base });
    copy.damage(
      "UPDATE entities SET body = json_set(body, '$.base', ?) WHERE kind = 'mission' AND id = ?",
      base,
      original.mission,
    );
    const report = await replay(world, original.mission, { read: copy.read });
    assert.match(report.difference?.lines.join('\n') ?? '', /12121212/u);
  });
});
