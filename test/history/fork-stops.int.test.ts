/** A fork that is stopped while it lays out what was done goes on where it was. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Gate } from '../swarm/gate.ts';
import { dataOf } from '../swarm/swarm-world.ts';
import type { TestGoal } from '../swarm/test-recipe.ts';
import { forkAt, openForkWorld, treeOf } from './fork-world.ts';
import { replay } from './replay-world.ts';

/** Two commands that write the same file, one after the other. */
const twice: TestGoal = {
  plan: () => ({
    edits: {},
    parts: ['first', 'second'].map((word, index) => ({
      key: word,
      title: `Write ${word}`,
      paths: ['c.txt'],
      after: index === 0 ? [] : ['first'],
      expects: word,
      command: { name: word, command: `echo ${word} > c.txt`, lines: '^(c|first|second)$' },
    })),
  }),
};

describe('laying out what was done', () => {
  for (const point of ['before-intent', 'after-intent', 'after-effect'] as const) {
    it(`continues after a crash ${point} of a file`, async () => {
      const gate = new Gate();
      let fork = '';
      const world = await openForkWorld({
        pause: async (at, { subject, mission }) => {
          if (mission === fork && at === point && subject === 'file/b.txt') await gate.pass();
        },
      });
      const original = await world.run('capitals');
      fork = await forkAt(world, original.mission, 'end');
      await gate.until();
      // Another owner takes the record over: whoever stands at the gate is dead.
      const next = await world.reopen({ pause: async () => undefined });
      await next.resume(fork);
      const ended = await next.finish(fork);
      assert.equal(ended.state.status, 'done', ended.state.problem?.message ?? '');
      assert.equal(treeOf(next, ended.state.gitCommit), treeOf(next, original.state.gitCommit));
      const written = dataOf(ended.events, 'edit.done').length;
      assert.equal(written, 3, 'each file is written once');
      gate.open();
    });
  }

  it('writes a file again as often as it was written, also after a crash in between', async () => {
    const gate = new Gate();
    let fork = '';
    const world = await openForkWorld({
      goals: { twice },
      pause: async (at, { intent, mission, kind }) => {
        const isSecond = kind === 'task-tree' && String(intent['task']).endsWith('.2');
        if (mission === fork && at === 'before-intent' && isSecond) await gate.pass();
      },
    });
    const original = await world.run('twice');
    assert.equal(original.state.status, 'done', original.state.problem?.message ?? '');
    fork = await forkAt(world, original.mission, 'end');
    await gate.until();
    const next = await world.reopen({ pause: async () => undefined });
    await next.resume(fork);
    const ended = await next.finish(fork);
    assert.equal(ended.state.status, 'done', ended.state.problem?.message ?? '');
    assert.equal(treeOf(next, ended.state.gitCommit), treeOf(next, original.state.gitCommit));
    assert.equal(dataOf(ended.events, 'edit.done').length, 2);
    for (const mission of [original.mission, fork]) {
      assert.equal((await replay(next, mission)).difference, null);
    }
    gate.open();
  });
});
