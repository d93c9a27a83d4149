/** A mission whose edits are made by workers on another node, whatever they do and whoever dies. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import type { WorkPoint } from '#agents/remote/worker.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import type { PeerMethod } from '#sync/sync.ts';
import { askHome } from '#tasks/requests/ask-home.ts';
import type { HandedOver } from '#tasks/requests/work-order.ts';
import type { LeaseState } from '#tasks/task-reducer.ts';
import { SPACE } from '../support/test-ledger.ts';
import { onePathParts, type TestGoal } from '../swarm/test-recipe.ts';
import { TestTimers } from '../swarm/test-timers.ts';
import { FarWorld, type FarWorldOptions, type Lie } from './far-world.ts';

const PATHS = ['a.txt', 'b.txt', 'c.txt', 'd.txt'];
const files = Object.fromEntries(PATHS.map((path) => [path, `${path} before\n`]));
const after = Object.fromEntries(PATHS.map((path) => [path, `${path} after\n`]));

const goal: TestGoal = { plan: () => ({ edits: after, parts: onePathParts(...PATHS) }) };

const worlds: FarWorld[] = [];
const gates: (() => void)[] = [];
afterEach(async () => {
  for (const open of gates.splice(0)) open();
  await Promise.all(worlds.splice(0).map((world) => world.close()));
});

const worldOf = async (more: Partial<FarWorldOptions> = {}): Promise<FarWorld> => {
  const world = new FarWorld({ files, goals: { change: goal }, ...more });
  worlds.push(world);
  await world.ready();
  return world;
};

/** Exactly what was planned is in one git commit, and every request has one answer. */
async function assertDone(world: FarWorld, mission: string): Promise<void> {
  const state = await world.end(mission);
  assert.equal(state.status, 'done', state.problem?.message ?? state.status);
  const { git } = world.repository;
  const branches = git('for-each-ref', '--format=%(refname)', 'refs/heads/skein')
    .trim()
    .split('\n');
  assert.equal(branches.length, 1);
  for (const path of PATHS) assert.equal(git('show', `${branches[0]}:${path}`), after[path]);
  assert.equal(world.events('git-commit.done').length, 1);
  const made = world.home.node.events().filter(({ type }) => type === 'request.made').length;
  const answers = world.events('request.accepted').length + world.events('request.rejected').length;
  assert.equal(answers, made);
}

/** Who did which tasks in the end. */
const doneBy = (world: FarWorld): readonly string[] =>
  world.events('edit.done').map(({ actor }) => actor);

describe('workers on another node', () => {
  it('make some of the edits of a mission, in their own name', async () => {
    const world = await worldOf();
    const mission = await world.begin('change');
    await assertDone(world, mission);
    const worker = `agent:${world.worker()}`;
    assert.ok(doneBy(world).includes(worker), doneBy(world).join());
    assert.ok(doneBy(world).some((actor) => actor !== worker));
    const claimed = world.events('task.claimed').find(({ data }) => data.agent === worker);
    assert.equal(claimed?.actor, worker);
    assert.deepEqual(world.reports, []);
    const bare = world.repositories(world.far.node);
    assert.deepEqual(
      readdirSync(bare).filter((name) => name.startsWith('work-')),
      [],
    );
  });

  it('change nothing in what the mission comes to', async () => {
    const trees = [];
    for (const workers of [0, 2]) {
      const world = await worldOf({ workers, jobs: 4 });
      const mission = await world.begin('change');
      await assertDone(world, mission);
      const { git } = world.repository;
      trees.push(
        git(
          'rev-parse',
          `${git('for-each-ref', '--format=%(objectname)', 'refs/heads/skein').trim()}^{tree}`,
        ),
      );
    }
    assert.equal(trees[0], trees[1]);
  });
});

/** Stops the worker at one of its steps, once; `go` lets it go on, or else it is stuck for ever. */
function gateAt(at: WorkPoint): {
  readonly reached: Promise<void>;
  readonly go: () => void;
  readonly pause: (point: WorkPoint) => Promise<void> | void;
} {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let isFirst = true;
  gates.push(gate.resolve);
  return {
    reached: reached.promise,
    go: gate.resolve,
    pause: (point) => {
      if (point !== at || !isFirst) return undefined;
      isFirst = false;
      reached.resolve();
      return gate.promise;
    },
  };
}

const POINTS: readonly WorkPoint[] = [
  'ordered',
  'claimed',
  'fetched',
  'edited',
  'stored',
  'handed-over',
];

/** More than any lease or answer is waited for. */
const LONG_MS = 200_000;

describe('a worker that dies', () => {
  for (const point of POINTS) {
    it(`when it is ${point} comes back to its order, and nothing is done twice`, async () => {
      const gate = gateAt(point);
      const world = await worldOf({ pause: gate.pause });
      const mission = await world.begin('change');
      await gate.reached;
      // Longer than an order is out for, shorter than its lease.
      world.space.clock.ms += 21_000;
      await world.killWorker();
      await assertDone(world, mission);
      assert.equal(world.events('lease.expired').length, 0);
    });
  }

  for (const point of ['ordered', 'claimed', 'edited'] as const) {
    it(`when it is ${point}, and stays away, leaves its task to another`, async () => {
      const gate = gateAt(point);
      const timers = new TestTimers();
      const world = await worldOf({ pause: gate.pause, timers });
      const mission = await world.begin('change');
      await gate.reached;
      world.cut();
      const ended = assertDoneAt(world, mission);
      await inTime(world, timers, mission);
      await ended;
      world.heal();
    });
  }
});

describe('a home that dies', () => {
  for (const point of ['ordered', 'claimed', 'edited', 'handed-over'] as const) {
    it(`while a worker is ${point} goes on with the mission, and refuses what is of before`, async () => {
      const gate = gateAt(point);
      const world = await worldOf({ pause: gate.pause });
      const mission = await world.begin('change');
      await gate.reached;
      await world.killHome();
      gate.go();
      await world.resume(mission);
      await assertDone(world, mission);
    });
  }

  it('in the middle of taking over makes the same git commit', async () => {
    const stuck = Promise.withResolvers<void>();
    let isFirst = true;
    const world: FarWorld = await worldOf({
      pauseHome: (step, { kind, intent }) => {
        const lease = world.home.node.ledger.read.entity('lease', String(intent['lease']));
        const { holder = '' } = (lease?.body ?? {}) as Partial<LeaseState>;
        const isFar = kind === 'edit' && holder.includes('@');
        if (!isFar || step !== 'after-effect' || !isFirst) return Promise.resolve();
        isFirst = false;
        stuck.resolve();
        return new Promise(() => undefined);
      },
    });
    const mission = await world.begin('change');
    await stuck.promise;
    await world.killHome();
    await world.resume(mission);
    await assertDone(world, mission);
  });
});

describe('a link that is cut', () => {
  it('and healed in time costs nothing: the worker finished what it held', async () => {
    const gate = gateAt('fetched');
    const world = await worldOf({ pause: gate.pause });
    const mission = await world.begin('change');
    await gate.reached;
    world.cut();
    gate.go();
    await world.far.node.seen((event) => isHandOver(event));
    assert.equal(world.events('request.made').filter(isHandOver).length, 0);
    world.heal();
    await assertDone(world, mission);
    assert.ok(doneBy(world).includes(`agent:${world.worker()}`));
  });

  it('for longer than its lease gives the task to another, and the late work is refused and kept', async () => {
    const gate = gateAt('fetched');
    const timers = new TestTimers();
    const world = await worldOf({ pause: gate.pause, timers });
    const mission = await world.begin('change');
    await gate.reached;
    world.cut();
    gate.go();
    await world.far.node.seen((event) => isHandOver(event));
    await inTime(world, timers, mission);
    await assertDoneAt(world, mission);
    world.heal();
    const refused = await world.far.node.seen(({ type }) => type === 'request.rejected');
    assert.partialDeepStrictEqual(refused.data, { error: 'lease-missing' });
    await assertDone(world, mission);
    const git = join(world.repositories(world.far.node), `${SPACE}.git`);
    const kept = execFileSync('git', ['for-each-ref', `refs/skein/${mission}/`], { cwd: git });
    assert.match(String(kept), /tree\trefs\/skein\//);
  });
});

const isHandOver = (event: SkeinEvent): boolean =>
  event.type === 'request.made' && event.data.command === 'task.hand-over';

/** Moves the home's clock whenever nothing else happens, until the mission has ended. */
async function inTime(world: FarWorld, timers: TestTimers, mission: string): Promise<void> {
  const over = new AbortController();
  void world.end(mission).then(() => over.abort());
  while (!over.signal.aborted) {
    await new Promise((resolve) => setImmediate(resolve));
    // Only those who are silent: whoever is at work here says so in real time.
    if (
      world.supervisor.agents.some(({ name, state }) => name.includes('@') && state === 'at work')
    ) {
      const others = world.supervisor.agents.filter(({ name }) => !name.includes('@'));
      if (others.every(({ state }) => state !== 'at work')) timers.advance(LONG_MS);
    }
  }
}

/** As `assertDone`, while not all requests may be answered yet. */
async function assertDoneAt(world: FarWorld, mission: string): Promise<void> {
  const state = await world.end(mission);
  assert.equal(state.status, 'done', state.problem?.message ?? state.status);
  const { git } = world.repository;
  const ref = git('for-each-ref', '--format=%(refname)', 'refs/heads/skein').trim();
  for (const path of PATHS) assert.equal(git('show', `${ref}:${path}`), after[path]);
}

/** A tree with one entry more, or another one; held as what the worker made is. */
function otherTree(
  said: HandedOver,
  git: Parameters<Lie>[1],
  change: (entries: string[], blob: string) => string[],
): HandedOver {
  const blob = git(['hash-object', '-w', '--stdin'], 'foreign\n');
  const entries = change(git(['ls-tree', said.tree]).split('\n'), blob);
  const tree = git(['mktree'], `${entries.join('\n')}\n`);
  const number = said.task.slice(said.task.lastIndexOf('.') + 1);
  const mission = said.task.slice(0, said.task.lastIndexOf('.'));
  git(['update-ref', `refs/skein/${mission}/${number}/999999`, tree]);
  return { ...said, tree };
}

const LIES: Readonly<Record<string, Lie>> = {
  'a file outside the write set': (said, git) =>
    otherTree(said, git, (entries, blob) => [...entries, `100644 blob ${blob}\tforeign.txt`]),
  'another content than planned': (said, git) =>
    otherTree(said, git, (entries, blob) =>
      entries.map((entry) =>
        entry.endsWith(`\t${said.files[0]?.path}`)
          ? `100644 blob ${blob}\t${said.files[0]?.path}`
          : entry,
      ),
    ),
  'a file that may be executed now': (said, git) =>
    otherTree(said, git, (entries) =>
      entries.map((entry) =>
        entry.endsWith(`\t${said.files[0]?.path}`) ? entry.replace('100644', '100755') : entry,
      ),
    ),
  'a link in place of a file': (said, git) =>
    otherTree(said, git, (entries) =>
      entries.map((entry) =>
        entry.endsWith(`\t${said.files[0]?.path}`) ? entry.replace('100644', '120000') : entry,
      ),
    ),
  'a file less': (said, git) =>
    otherTree(said, git, (entries) =>
      entries.filter((entry) => !entry.endsWith(`\t${said.files[0]?.path}`)),
    ),
  'hashes of something else': (said) => ({
    ...said,
    files: said.files.map((file) => ({ ...file, after: 'ab'.repeat(32) })),
  }),
  'no word of what it changed': (said) => ({ ...said, files: [] }),
  'a tree that it does not have': (said) => ({ ...said, tree: 'ab'.repeat(20) }),
};

describe('a worker that hands over', () => {
  for (const [what, lie] of Object.entries(LIES)) {
    it(`${what} is refused on the record, and another does the task`, async () => {
      const world = await worldOf({ lie });
      const mission = await world.begin('change');
      await assertDone(world, mission);
      const worker = `agent:${world.worker()}`;
      assert.equal(doneBy(world).includes(worker), false);
      assert.equal(world.events('request.rejected').length, 1);
      const { git } = world.repository;
      assert.equal(
        git('ls-tree', '--name-only', 'refs/heads/skein/' + mission).includes('foreign'),
        false,
      );
    });
  }

  it('a file outside the write set would be believed, without the check (the twin)', async () => {
    const lie = LIES['a file outside the write set'] as Lie;
    const world = await worldOf({ lie, remote: { check: () => [] } });
    const mission = await world.begin('change');
    await assertDone(world, mission);
    assert.equal(world.events('request.rejected').length, 0);
    assert.ok(doneBy(world).includes(`agent:${world.worker()}`));
  });

  it('with the token of another lease is refused, and its own runs out', async () => {
    const timers = new TestTimers();
    const lie: Lie = (said) => ({ ...said, token: said.token + 1 });
    const world = await worldOf({ lie, timers });
    const mission = await world.begin('change');
    await inTime(world, timers, mission);
    await assertDone(world, mission);
    const [refused] = world.events('request.rejected');
    assert.partialDeepStrictEqual(refused?.data, { error: 'lease-missing' });
  });
});

describe('who was not sent a task', () => {
  it('can not claim it, and gets none of its git objects', async () => {
    const gate = gateAt('ordered');
    const world = await worldOf({ pause: gate.pause });
    const mission = await world.begin('change');
    await gate.reached;
    const { ledger, key } = world.far.node;
    const stranger = { actor: 'agent:worker-9', authority: 'peer' } as const;
    const agent = `agent:worker-9@${key.slice(0, 16)}`;
    const task = world.home.node.ledger.read.entities('task').at(-1)?.id ?? '';
    const input = { task, agent, ttlMs: 1_000 };
    const request = {
      id: world.far.node.node.newId(),
      to: world.home.node.key,
      name: 'task.claim',
      input,
    };
    const signal = new AbortController().signal;
    const answer = await askHome({ ledger, speaker: stranger, signal }, request);
    assert.partialDeepStrictEqual(answer, { type: 'rejected', error: 'unauthorized' });
    const serve = world.home.work.methods['git.bundle'] as PeerMethod;
    const head = world.repository.git('rev-parse', 'HEAD^{tree}').trim();
    const params = { space: SPACE, task, tree: head, have: [], at: 0 };
    await assert.rejects(async () => serve({ params }, 'ab'.repeat(32)), { name: 'not-found' });
    await assert.rejects(async () => serve({ params }, key), { name: 'unauthorized' });
    gate.go();
    await assertDone(world, mission);
  });
});
