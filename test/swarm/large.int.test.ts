/** Changes of many files: what is looked at is looked at in all of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localWorld } from '#workspace/local-world.ts';
import type { World } from '#workspace/world.ts';
import { assertEnded, openSwarmWorld, type Ended, type SwarmWorld } from './swarm-world.ts';

/** More than a list of changed files names. */
const FILES = 210;

const contents = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Array.from({ length: FILES }, (_, index) => [`f/${String(index).padStart(3, '0')}.txt`, text]),
  );

interface Run {
  readonly world: SwarmWorld;
  readonly end: Ended;
}

/** A mission that writes all files but the last, which its check writes on the change. */
async function runWith(world?: Partial<World>): Promise<Run> {
  const opened = await openSwarmWorld({
    files: { ...contents('a\n'), 'z.txt': 'z\n' },
    goals: { go: { plan: () => ({ edits: contents('A\n') }) } },
    ...(world === undefined ? {} : { world }),
  });
  const check = 'grep -q a f/000.txt || echo written >> z.txt';
  return { world: opened, end: await opened.run('go', { checks: [check] }) };
}

describe('a change of more files than are named in a list', () => {
  it('is not proven by a check that wrote a file behind all of them', async () => {
    const { world, end } = await runWith();
    assertEnded(world, end, 'failed');
    assert.equal(end.state.problem?.error, 'check-failed');
    assert.match(end.state.problem?.message ?? '', /does not name: z\.txt/u);
  });

  it('would be, if those that may differ counted too', async () => {
    const listChanged: World['worktrees']['listChanged'] = ({ besides: _, ...request }) =>
      localWorld.worktrees.listChanged(request);
    const { world, end } = await runWith({
      worktrees: { ...localWorld.worktrees, listChanged },
    });
    assertEnded(world, end, 'done');
  });
});
