/** What the record lacks, or says otherwise than it happened, is found by a replay and named. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { SkeinEvent } from '#protocol/event-types.ts';
import type { Difference } from '#supervisor/history/replay/difference.ts';
import { assertEnded, type Ended, type SwarmWorld } from '../swarm/swarm-world.ts';
import { ASKED, copyRecord, openReplayWorld, replay, type RecordCopy } from './replay-world.ts';

let world: SwarmWorld;
let original: Ended;
before(async () => {
  world = await openReplayWorld();
  original = await world.run('everything', ASKED);
  assertEnded(world, original, 'done');
});

/** The first difference that a replay of a damaged copy finds. */
async function differenceOf(damage: (copy: RecordCopy) => void): Promise<Difference> {
  const copy = copyRecord(world);
  damage(copy);
  const { difference } = await replay(world, original.mission, { read: copy.read });
  assert.ok(difference !== null, 'nothing was found');
  return difference;
}

const first = <T extends SkeinEvent['type']>(type: T): SkeinEvent & { readonly type: T } => {
  const found = original.events.find((event) => event.type === type);
  assert.ok(found !== undefined, type);
  return found as never;
};

const effectOf = ({ data }: SkeinEvent): string => (data as { readonly effect: string }).effect;

const typeAt = ({ event }: Difference): string =>
  original.events.find(({ id }) => id === event)?.type ?? event;

/** All events of the command that an event is of. */
const commandOf = ({ spanId }: SkeinEvent): readonly SkeinEvent[] =>
  original.events.filter((event) => event.spanId === spanId);

const remove = ({ read, damage }: RecordCopy, events: readonly SkeinEvent[]): void => {
  for (const { id } of events)
    damage('DELETE FROM events WHERE position = ?', read.position(id) ?? 0);
};

/** Where the lack of an outcome shows: at what builds on it. */
const BUILDS_ON = {
  worktree: 'plan.proposed',
  setup: 'plan.proposed',
  check: 'task.done',
  edit: 'task-tree.intended',
  command: 'task-tree.intended',
  'task-tree': 'task.done',
  'git-commit': 'task-tree.intended',
  branch: 'mission.done',
  cleanup: 'mission.done',
  merge: 'mission.done',
} as const;

describe('a replay of a record that lacks', () => {
  for (const [kind, at] of Object.entries(BUILDS_ON)) {
    it(`an outcome of a ${kind} stops at ${at}, with what its intent says`, async () => {
      const done = first(`${kind}.done` as 'edit.done');
      const found = await differenceOf((copy) => remove(copy, commandOf(done)));
      assert.match(found.what, /the record has its intent and no outcome$/u);
      assert.ok(found.what.includes(` ${kind} ${effectOf(done)}:`), found.what);
      const intended = original.events.find(
        (event) => event.type === `${kind}.intended` && effectOf(event) === effectOf(done),
      );
      const lines = found.lines.join('\n');
      assert.ok(lines.includes(`announced by event ${intended?.id}`), lines);
      assert.ok(lines.includes(`subject: ${done.subject}`), lines);
      assert.equal(typeAt(found), at);
    });
  }

  it('an effect altogether stops where the tree of its task is made', async () => {
    const edit = original.events.filter(
      (event) => /^(?:edit)\./u.test(event.type) && event.subject === 'file/a.txt',
    );
    const found = await differenceOf((copy) => remove(copy, edit.flatMap(commandOf)));
    assert.match(
      found.what,
      /^Cannot answer edit .*\/edit\/a\.txt: the record has no such effect$/u,
    );
    assert.equal(typeAt(found), 'task-tree.intended');
    assert.match(found.lines.join('\n'), /afterHash: "[0-9a-f]{64}"/u);
  });

  it('a command stops where another one is refused without it', async () => {
    const claimed = commandOf(first('task.claimed'));
    const found = await differenceOf((copy) => remove(copy, claimed));
    assert.match(found.what, /^Cannot decide .* again: it was recorded, and is refused now$/u);
    const refused = found.lines.join('\n');
    assert.match(refused, /refused: Cannot (?:close|edit)/u);
  });

  it('one event of a command, or a body, says which', async () => {
    const [granted, claimed] = commandOf(first('task.claimed'));
    assert.ok(granted !== undefined && claimed !== undefined);
    const missing = await differenceOf((copy) => remove(copy, [granted]));
    assert.equal(missing.what, `Cannot read the event before ${claimed.id}: it is missing`);
    const pruned = await differenceOf(({ read, damage }) => {
      const position = read.position(granted.id) ?? 0;
      damage(
        'UPDATE events SET body = NULL, salt = NULL, type = NULL WHERE position = ?',
        position,
      );
    });
    const last = original.events[original.events.indexOf(granted) - 1];
    assert.equal(pruned.what, `Cannot read the event after ${last?.id}: its body was pruned`);
  });
});

describe('a replay of a record that was planted with', () => {
  it('another exit code comes to other evidence, or needs a run that there was not', async () => {
    const run = (name: string): SkeinEvent => {
      const effect = `${original.mission}/check/change/${name}`;
      const found = original.events.find((e) => e.type === 'check.done' && effectOf(e) === effect);
      assert.ok(found !== undefined, effect);
      return found;
    };
    const evidence = await differenceOf(({ rewrite }) => rewrite(run('false'), { exitCode: 0 }));
    assert.match(evidence.what, /^Cannot prove task .* again: its checks say something else$/u);
    assert.match(evidence.lines.join(''), /"fixed".*the record has .*"failed-before-too"/u);
    const again = await differenceOf(({ rewrite }) => rewrite(run('true'), { exitCode: 1 }));
    assert.match(again.what, /\/check\/change\/true#2: the record has no such effect$/u);
    assert.deepEqual([evidence, again].map(typeAt), ['task.done', 'task.done']);
  });

  it('an outcome that is not what was announced', async () => {
    const done = first('edit.done');
    const found = await differenceOf(({ rewrite }) =>
      rewrite(done, { afterHash: 'e2'.repeat(32) }),
    );
    assert.match(found.what, /its outcome is not what it announced$/u);
    assert.match(found.lines.join('\n'), /afterHash: "[0-9a-f]{64}", the record has "e2e2/u);
    assert.equal(found.event, done.id);
  });

  it('an edit that was not planned', async () => {
    const [a, b] = ['a', 'b'].map((name) =>
      original.events.find((e) => e.type === 'edit.intended' && e.subject === `file/${name}.txt`),
    );
    assert.ok(a?.type === 'edit.intended' && b?.type === 'edit.intended');
    const { afterHash, after } = b.data;
    const done = original.events.find((e) => e.type === 'edit.done' && e.subject === a.subject);
    const found = await differenceOf(({ rewrite }) => {
      rewrite(a, { afterHash, after });
      if (done !== undefined) rewrite(done, { afterHash });
    });
    assert.match(found.what, /the record has (?:another intent|no such effect)$|git tree/u);
  });

  it('another git tree of a task, and another git commit', async () => {
    const tree = '34'.repeat(20);
    const kept = first('task-tree.intended');
    const other = await differenceOf(({ rewrite }) => rewrite(kept, { tree }));
    assert.match(other.what, /^Cannot come to the git tree of task/u);
    assert.match(other.lines.join('\n'), /git tree: [0-9a-f]{40}, the record has 3434/u);
    assert.equal(other.event, kept.id);

    const made = first('git-commit.intended');
    const message = `${made.data.message}and more\n`;
    const commit = await differenceOf(({ rewrite }) => rewrite(made, { message }));
    assert.match(commit.what, /its content has another id$/u);

    const parent = await differenceOf(({ rewrite }) => rewrite(made, { parent: tree }));
    assert.match(parent.what, /its parent is not the base$/u);

    const end = first('mission.done');
    const ended = await differenceOf(({ rewrite }) => rewrite(end, { gitCommit: tree }));
    assert.match(ended.what, /the record has another intent$/u);
    assert.equal(typeAt(ended), 'mission.done');
  });

  it('something that nothing builds on comes to another state', async () => {
    const checked = first('check.done');
    const found = await differenceOf(({ rewrite }) => rewrite(checked, { durationMs: 987_654 }));
    assert.match(found.what, /^Cannot come to the same state: effect /u);
    assert.equal(found.event, checked.id);
    assert.match(found.lines.join('\n'), /replayed: .*987654/u);
  });
});
