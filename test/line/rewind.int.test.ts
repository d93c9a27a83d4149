/** Going back in a mission at the command line: views, diffs and files of moments of the past. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import type { EventEnvelope } from '#protocol/event.ts';
import type { Rewound } from '#supervisor/history/rewind.ts';
import { assertSameTree, readTree } from '../history/person-repository.ts';
import { fingerprint, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told, type Ended, type SkeinHome } from '../support/run-skein.ts';

interface Told {
  readonly home: SkeinHome;
  readonly folder: string;
  readonly top: string;
  readonly git: (...args: string[]) => string;
  readonly mission: string;
  readonly events: readonly EventEnvelope[];
}

/** A mission that was carried out, in a home of its own. */
async function carriedOut(): Promise<Told> {
  const home = openHome();
  const repository = greeterRepository();
  const call = ['run', RENAME, '--repo', repository.top, '--yes', '--check', 'true'];
  const ran = await home.run(...call);
  assert.equal(ran.code, 0, told(ran));
  const log = await home.run('log', '--json');
  const lines = log.stdout.trimEnd().split('\n');
  const events = lines.map((line) => JSON.parse(line) as EventEnvelope);
  return { home, ...repository, mission: events[0]?.mission ?? '', events };
}

const find = ({ events }: Told, type: string, subject = ''): EventEnvelope =>
  events.find((event) => event.type === type && event.subject.endsWith(subject)) as EventEnvelope;

function succeeded(call: Ended): Ended {
  assert.equal(call.code, 0, told(call));
  return call;
}

describe('skein rewind', async () => {
  const story = await carriedOut();
  const { home, top, folder, mission, git } = story;
  const rewind = (...args: string[]): Promise<Ended> => home.run('rewind', mission, ...args);
  const edit = find(story, 'edit.done', 'src/greet.ts');

  it('shows what stood at a moment: state, plan, tasks, leases, edits', async () => {
    const { stdout } = succeeded(await rewind('--at', edit.id));
    assert.match(stdout, /^rename greet to welcome {2}running$/mu);
    assert.ok(stdout.includes(`at ${edit.time}, right after edit.done of src/greet.ts`), stdout);
    assert.match(stdout, /^plan \w{10}, approved \(--yes\): /mu);
    assert.match(stdout, /^ +\d+ {2}at work +edit/mu);
    assert.match(stdout, /^held by agent:coder-1 for task \d: .*src\/greet\.ts/mu);
    assert.match(stdout, /^files: base \w{10}, [12] files? edited$/mu);
    const early = succeeded(await rewind('--at', 'start')).stdout;
    assert.match(early, /^rename greet to welcome {2}planning$/mu);
    assert.match(early, /^there was no plan yet$/mu);
    assert.match(early, /^no path was held$/mu);
  });

  it('--json: the same as data, with the moment as an event', async () => {
    const { stdout } = succeeded(await rewind('--at', edit.id, '--json'));
    const { status, moment, tree } = JSON.parse(stdout) as Pick<Rewound, 'moment' | 'tree'> & {
      readonly status: string;
    };
    assert.equal(status, 'running');
    assert.deepEqual([moment.event, moment.type, moment.time], [edit.id, edit.type, edit.time]);
    assert.deepEqual([tree.base, tree.gitCommit], [git('rev-parse', 'HEAD').trim(), null]);
  });

  it('--diff: the change by then, which grows from nothing to that of the mission', async () => {
    const diff = async (at: string): Promise<string> =>
      succeeded(await rewind('--at', at, '--diff')).stdout;
    assert.equal(await diff('approved'), '');
    assert.match(await diff(edit.id), /^\+export function welcome/mu);
    assert.equal(await diff('end'), succeeded(await home.run('diff', mission)).stdout);
  });

  it('--to: the files as they were, as git itself checks them out', async () => {
    const before = fingerprint(top, () => false);
    const at = async (moment: string): Promise<string> => {
      const place = join(folder, `files ${moment}`);
      const { stdout } = succeeded(await rewind('--at', moment, '--to', place));
      assert.equal(stdout, `${place}\n`);
      return place;
    };
    const base = git('rev-parse', 'HEAD').trim();
    for (const [moment, commit] of [
      ['start', base],
      ['end', find(story, 'git-commit.done').data as { gitCommit: string }],
    ] as const) {
      const theirs = join(folder, `theirs ${moment}`);
      const id = typeof commit === 'string' ? commit : commit.gitCommit;
      git('worktree', 'add', '--quiet', '--detach', theirs, id);
      assertSameTree(readTree(await at(moment)), readTree(theirs), moment);
      git('worktree', 'remove', theirs);
    }
    const between = await at(edit.id);
    assert.match(readFileSync(join(between, 'src/greet.ts'), 'utf8'), /function welcome/u);
    assert.equal(
      fingerprint(top, () => false),
      before,
      'the repository is as it was',
    );
  });

  it('--to: never over something, nor into the repository', async () => {
    const full = join(folder, 'full');
    mkdirSync(full);
    writeFileSync(join(full, 'mine'), 'mine');
    assert.equal((await rewind('--to', full)).code, 7);
    assert.deepEqual(readdirSync(full), ['mine']);
    assert.equal((await rewind('--to', join(top, 'old'))).code, 2);
    assert.equal(existsSync(join(top, 'old')), false);
    assert.equal((await rewind('--to', join(folder, 'new'), '--diff')).code, 2);
  });

  it('refuses what names no moment, and says how one is named', async () => {
    for (const [at, code] of [
      ['yesterday', 2],
      ['task 99', 3],
      [mission.slice(0, 4), 2],
    ] as const) {
      const call = await rewind('--at', at);
      assert.equal(call.code, code, told(call));
      assert.match(call.stderr, /"task 3"|Type more of the id/u);
    }
  });
});

describe('--at', async () => {
  const story = await carriedOut();
  const { home, mission } = story;
  const approved = find(story, 'mission.approved');
  const claimed = find(story, 'edit.done', 'src/greet.ts');

  it('show: the mission as it stood', async () => {
    const { stdout } = succeeded(await home.run('show', mission, '--at', 'approved'));
    assert.match(stdout, /^rename greet to welcome {2}running$/mu);
    assert.ok(stdout.includes(`right after mission.approved (event ${approved.id}`), stdout);
    assert.doesNotMatch(stdout, /^done: |skein resume/mu);
    const then = succeeded(await home.run('show', mission, '--at', 'start', '--json')).stdout;
    assert.equal((JSON.parse(then) as { status: string }).status, 'planning');
  });

  it('tasks, leases, agents: what there was, who held what', async () => {
    const at = ['--at', claimed.id];
    const tasks = succeeded(await home.run('tasks', mission, ...at)).stdout;
    assert.match(tasks, /^ +\d+ {2}at work +edit +coder-1 /mu);
    assert.match(tasks, /^ +\d+ {2}waits +prove +runner /mu);
    const leases = succeeded(await home.run('leases', mission, ...at)).stdout;
    assert.match(leases, /^src\/greet\.ts {2}agent:coder-1 {2}task \d of mission/mu);
    const agents = succeeded(await home.run('agents', mission, ...at)).stdout;
    assert.match(agents, /^agent:coder-1 +coder +at work .*holds \d path/mu);
    const atEnd = succeeded(await home.run('leases', mission, '--at', 'end'));
    assert.match(atEnd.stderr, /^No path is held\.$/mu);
  });

  it('log: up to the moment, and with --ids every moment has its name', async () => {
    const { stdout } = succeeded(await home.run('log', mission, '--at', 'approved', '--ids'));
    const lines = stdout.trimEnd().split('\n');
    assert.ok(lines.at(-1)?.startsWith(approved.id), stdout);
    assert.equal(lines.length, story.events.indexOf(approved) + 1);
    const both = await home.run('log', mission, '--at', 'approved', '--follow');
    assert.equal(both.code, 2, told(both));
  });

  it('diff: as rewind --diff', async () => {
    const { stdout } = succeeded(await home.run('diff', mission, '--at', claimed.id));
    assert.match(stdout, /^\+export function welcome/mu);
    const early = succeeded(await home.run('diff', mission, '--at', 'approved'));
    assert.match(early.stderr, /Nothing had been changed/u);
  });
});

describe('contents that are gone', () => {
  it('are named, never guessed: --diff shows the rest, --to writes nothing', async () => {
    const story = await carriedOut();
    const { home, mission, folder } = story;
    const intent = find(story, 'edit.intended', 'src/greet.ts').data as { afterHash: string };
    const last = story.events.findLast(({ type }) => type === 'edit.done')?.id ?? '';
    succeeded(await home.run('down'));
    const [space = ''] = readdirSync(join(home.home, 'spaces'));
    const blobs = new DatabaseSync(join(home.home, 'spaces', space, 'blobs.db'));
    blobs.prepare('DELETE FROM blobs WHERE hash = ?').run(intent.afterHash);
    blobs.close();
    const diff = await home.run('rewind', mission, '--at', last, '--diff');
    assert.equal(diff.code, 1, told(diff));
    assert.match(diff.stdout, /^\+import \{ welcome \}/mu);
    assert.match(diff.stderr, /^The content of src\/greet\.ts \(\w{16}\) is gone: /mu);
    const place = join(folder, 'then');
    const files = await home.run('rewind', mission, '--at', last, '--to', place);
    assert.equal(files.code, 1, told(files));
    assert.match(files.stderr, /src\/greet\.ts .*is gone: [^]*Nothing was written/u);
    assert.equal(existsSync(place), false);
  });

  it('because they were pruned: that is said, with when', async () => {
    const { home, mission, folder } = await carriedOut();
    const prune = ['prune', '--older-than', '0', '--keep-missions', '0', '--yes'];
    succeeded(await home.run(...prune));
    const place = join(folder, 'then');
    const files = await home.run('rewind', mission, '--to', place);
    assert.equal(files.code, 1, told(files));
    assert.match(files.stderr, /were pruned on 20\d\d-.* \(record\.pruned [0-9a-f-]{36}\)/u);
    assert.equal(existsSync(place), false);
    const view = await home.run('rewind', mission, '--at', 'approved');
    assert.notEqual(view.code, 0, told(view));
    assert.match(view.stderr, /were pruned on/u);
  });
});
