/**
 * kill -9 while several agents are at work, again and again in one mission: in edits, commands and
 * hand-overs, in a diagnosis, between a changed plan and its answer. It ends as if nothing had been.
 */
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DEMO_GOAL, makeDemoRepository } from '#cli/demo-repository.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import {
  openTemp,
  tempRepository,
  type TempRepository,
} from '#workspace/fixtures/temp-repository.ts';
import { openHome, told, type Ended, type SkeinHome } from '../support/run-skein.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Trial {
  readonly skein: SkeinHome;
  readonly repository: TempRepository;
}

/** Starts a call whose node stands still at `instant`, and kills the node there. */
async function killAt({ skein }: Trial, instant: string, order: readonly string[]): Promise<void> {
  const running = skein.start(order, { env: { SKEIN_PAUSE_AT: instant } });
  await Promise.race([skein.logged(`paused at ${instant}`), running.ended]);
  assert.equal(running.child.exitCode, null, `${instant} did not come`);
  if (instant.endsWith('edit')) await assertParallel(skein);
  await killNode(skein);
  const left = await running.ended;
  assert.equal(left.code, 75, told(left));
}

/** Both jobs stand still in an edit: one may come a little later than the other. */
async function assertParallel(skein: SkeinHome): Promise<void> {
  let tasks = await skein.run('tasks');
  const isParallel = (): boolean => tasks.stdout.match(/ at work +edit/gu)?.length === 2;
  for (let tries = 0; tries < 200 && !isParallel(); tries += 1) tasks = await skein.run('tasks');
  assert.ok(isParallel(), told(tasks));
}

async function killNode(skein: SkeinHome): Promise<void> {
  const pid = await skein.nodePid();
  assert.ok(pid !== undefined, 'the node is up');
  process.kill(pid, 'SIGKILL');
}

async function events({ skein }: Trial): Promise<readonly SkeinEvent[]> {
  const { stdout } = await skein.run('log', '--json');
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as SkeinEvent);
}

/** Throws when an effect has two outcomes, or a task was called done twice. */
function assertOnce(all: readonly SkeinEvent[]): void {
  const seen = new Set<string>();
  for (const { type, subject, data } of all) {
    const { effect = subject } = data as { readonly effect?: string };
    if (!/^(?:task|edit|command|task-tree|git-commit|branch|mission)\.done$/u.test(type)) continue;
    const what = `${type} ${effect}`;
    assert.ok(!seen.has(what), `twice: ${what}`);
    seen.add(what);
  }
}

/** One git commit on a branch, each task's tree kept, nothing left over, nothing twice. */
async function assertEnd(trial: Trial, end: Ended, tree: string): Promise<void> {
  const { skein, repository } = trial;
  const { git } = repository;
  assert.equal(end.code, 0, told(end));
  const mission = /^mission (\S+)$/mu.exec(end.stdout)?.[1] ?? '';
  assert.equal(git('rev-parse', `skein/${mission}^{tree}`), tree);
  assert.equal(git('rev-list', '--count', '--all', '--not', 'main').trim(), '1');
  assert.doesNotMatch(git('fsck', '--lost-found', '--no-progress'), /dangling commit/u);
  assert.equal(git('status', '--porcelain'), '');
  assert.equal(git('worktree', 'list', '--porcelain').match(/^worktree /gmu)?.length, 1);
  assert.deepEqual(readdirSync(join(skein.home, 'worktrees')), []);
  const all = await events(trial);
  assertOnce(all);
  const kept = git('for-each-ref', '--format=%(refname)', `refs/skein/${mission}/`).trim();
  const stored = all.filter(({ type }) => type === 'task-tree.done');
  assert.equal(kept.split('\n').length, stored.length);
  const verified = await skein.run('verify');
  assert.equal(verified.code, 0, told(verified));
  await skein.run('down');
}

const treeOf = ({ git }: TempRepository, { stdout }: Ended): string =>
  git('rev-parse', `${/^branch (\S+)$/mu.exec(stdout)?.[1]}^{tree}`);

const FOLDERS = [...'abcdefgh'];

/** Eight parts for coders, a command beside them, and a check. */
function recipeRepository(): TempRepository {
  const code = FOLDERS.flatMap((folder) =>
    [1, 2, 3].map((at) => [`src/${folder}/${at}.mjs`, `old(${at});\nold('${folder}');\n`]),
  );
  return tempRepository({
    ...(Object.fromEntries(code) as Record<string, string>),
    'docs/a.md': 'old\n',
    'skein.yaml': 'recipes: [recipe.yaml]\n',
    'recipe.yaml': [
      'name: renew\ndescription: Code and documents\ngoal: renew all\nsteps:\n',
      "  - rewrite: { pattern: 'old($A)', to: 'fresh($A)' }\n",
      "  - command: { run: 'sed -i.bak s/old/fresh/ docs/a.md && rm docs/a.md.bak', writes: docs/a.md, lines: old|fresh }\n",
      '  - check: { name: there, run: test -e src/a/1.mjs }\n',
    ].join(''),
  });
}

/** In the order in which a mission comes to them, killed at each one before. */
const INSTANTS = [
  'after-intent edit',
  'after-effect edit',
  'after-outcome edit',
  'after-intent task-tree',
  'after-effect task-tree',
  'after-outcome task-tree',
  'after-intent command',
  'after-effect command',
  'after-outcome command',
  'before-intent git-commit',
];

describe('kill -9 while agents work side by side', { concurrency: 2 }, () => {
  const order = (top: string): string[] => [
    'run',
    'renew all',
    '--repo',
    top,
    '--yes',
    '--jobs',
    '2',
  ];

  it(`ends as if nothing had been, after ${INSTANTS.length} kills in one mission`, async () => {
    const calm = { skein: openHome(), repository: recipeRepository() };
    const done = await calm.skein.run(...order(calm.repository.top));
    const tree = treeOf(calm.repository, done);
    await assertEnd(calm, done, tree);
    const trial = { skein: openHome(), repository: recipeRepository() };
    for (const [at, instant] of INSTANTS.entries()) {
      await killAt(trial, instant, at === 0 ? order(trial.repository.top) : ['resume', '--yes']);
    }
    await assertEnd(trial, await trial.skein.run('resume'), tree);
    // The twin: what happened twice is seen.
    const all = await events(trial);
    assert.throws(() => assertOnce([...all, ...all.slice(-1)]), /twice: mission\.done/u);
  });

  it('goes on in a diagnosis, in a new plan, and before the answer to it', async () => {
    const calm = demoTrial();
    const done = await calm.skein.run(...calm.order, '--yes');
    const tree = treeOf(calm.repository, done);
    await assertEnd(calm, done, tree);
    const trial = demoTrial();
    const { skein } = trial;
    const asked = await skein.run(...trial.order);
    assert.equal(asked.code, 8, told(asked));
    // The instant counts for a node that starts: this one was.
    await skein.run('down');
    await killAt(trial, 'diagnosis', ['approve']);
    await killAt(trial, 'after-intent worktree', ['resume']);
    await killAt(trial, 'after-effect worktree', ['resume']);
    const changed = await skein.run('resume');
    assert.equal(changed.code, 8, told(changed));
    assert.match(changed.stderr, /changed plan/u);
    await killNode(skein);
    await assertEnd(trial, await skein.run('approve'), tree);
  });
});

/** The example whose plan changes on the way. */
function demoTrial(): Trial & { readonly order: readonly string[] } {
  const top = makeDemoRepository();
  folders.push(dirname(top));
  const repository = openTemp(dirname(top), top);
  return {
    skein: openHome(),
    repository,
    order: ['run', DEMO_GOAL, '--repo', top, '--check', 'true'],
  };
}
