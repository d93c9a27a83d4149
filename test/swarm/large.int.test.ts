/** Changes of many files: what is looked at is looked at in all of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localWorld } from '#workspace/local-world.ts';
import type { World } from '#workspace/world.ts';
import { MAX_EVENT_BYTES } from '#protocol/event.ts';
import { MAX_PLAN_BYTES } from '#supervisor/limits.ts';
import { newId, openSwarmSpace } from './swarm-space.ts';
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

type ListChanged = World['worktrees']['listChanged'];

/**
 * A mission that writes all files but the last, which its check writes on the change. Nobody looks
 * but git, by `listChanged`.
 */
async function runWith(listChanged: ListChanged): Promise<Run> {
  const { trees, worktrees } = localWorld;
  const opened = await openSwarmWorld({
    files: { ...contents('a\n'), 'z.txt': 'z\n' },
    goals: { go: { plan: () => ({ edits: contents('A\n') }) } },
    world: {
      trees: { ...trees, findStray: async () => ({ count: 0, files: [] }) },
      worktrees: { ...worktrees, listChanged },
    },
  });
  const check = 'grep -q a f/000.txt || echo written >> z.txt';
  return { world: opened, end: await opened.run('go', { checks: [check] }) };
}

describe('a change of more files than are named in a list', () => {
  const { listChanged } = localWorld.worktrees;

  it('is not proven by a check that wrote a file behind all of them', async () => {
    const { world, end } = await runWith(listChanged);
    assertEnded(world, end, 'failed');
    assert.equal(end.state.problem?.error, 'check-failed');
    assert.match(end.state.problem?.message ?? '', /past the plan: z\.txt$/u);
  });

  it('would be, if those that may differ counted too', async () => {
    const { world, end } = await runWith(({ besides: _, ...request }) => listChanged(request));
    assertEnded(world, end, 'done');
  });
});

/** Paths as long as every system takes them; `bytes` is what all of them take in JSON. */
function longPaths(bytes: number): string[] {
  const folders = [...'abc'].map((letter) => letter.repeat(255));
  const path = (index: number): string =>
    [...folders, `${String(index).padStart(4, '0')}.txt`].join('/');
  const each = path(0).length + 3;
  return Array.from({ length: Math.floor(bytes / each) }, (_, index) => path(index));
}

/** A mission whose plan takes `bytes` on the record; its only task is claimed with one path more. */
async function claimAll(bytes: number): Promise<readonly string[]> {
  const space = await openSwarmSpace();
  const [mission, digest, base] = [newId(), 'd1'.repeat(32), 'c0'.repeat(20)];
  const options = { checks: [], merge: false, hooks: false, keepExports: false };
  const goal = { goal: 'go', recipe: 'go', base, branch: 'main', options };
  const writeSet = longPaths(bytes - 1_000);
  const plan = {
    hash: digest,
    base,
    engine: 'none',
    isolation: 'none',
    summary: 'All of it',
    tasks: [{ id: `${mission}.1`, title: 'All of it', role: 'coder', writeSet }],
    checks: [],
    price: { files: writeSet.length, changes: writeSet.length, money: 0, timeMs: null },
    contents: { hash: digest, bytes: 1 },
    listed: 0,
    warnings: [],
  };
  await space.say('mission.submit', { mission, ...goal });
  await space.say('plan.propose', { mission, ...plan });
  await space.say('mission.approve', { mission, hash: digest, from: 'person:owner' });
  const claim = { task: `${mission}.1`, agent: 'agent:coder-1', ttlMs: 60_000 };
  return space.say('task.claim', { ...claim, more: ['m'.repeat(4_096)] });
}

describe('a plan whose paths are too long for the record', () => {
  const files = Object.fromEntries(longPaths(MAX_EVENT_BYTES).map((path) => [path, 'a\n']));

  it('is refused at planning, and says what to do', async () => {
    const edits = Object.fromEntries(Object.keys(files).map((path) => [path, 'A\n']));
    const world = await openSwarmWorld({ files, goals: { go: { plan: () => ({ edits }) } } });
    const end = await world.run('go');
    assertEnded(world, end, 'failed');
    const { error, message, fix } = end.state.problem ?? {};
    assert.equal(error, 'limit-reached');
    assert.match(message ?? '', /^Cannot plan: the 33\d paths of its tasks take 2\d\d kB, 240 is/u);
    assert.match(fix ?? '', /Make the goal smaller/u);
  });

  it('leaves room for its leases when it is not refused', async () => {
    assert.equal((await claimAll(MAX_PLAN_BYTES)).length, 2);
    await assert.rejects(claimAll(MAX_EVENT_BYTES), { message: /lease\.granted/u });
  });
});
