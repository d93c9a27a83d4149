/** A rewrite of many files, with any number of agents: the same tree, kept in git until "clean". */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import {
  rewrittenTree,
  TRACE_FILES,
  TRACE_GOAL,
  tracedRepository,
} from '../support/many-packages.ts';
import {
  openHome,
  told,
  until,
  WITHOUT_WALLS,
  type Ended,
  type SkeinHome,
} from '../support/run-skein.ts';

const skein = openHome();

/** The goal on a repository, with one check that always passes. */
const rewrite = (top: string, ...flags: readonly string[]): Promise<Ended> =>
  skein.run('run', TRACE_GOAL, '--repo', top, '--yes', '--check', 'true', ...flags);

const missionOf = ({ stdout }: Ended): string => /^mission (\S+)$/mu.exec(stdout)?.[1] ?? '';

describe('a rewrite of many files in several packages', () => {
  const repository = tracedRepository();
  const { top, git } = repository;
  const missions: string[] = [];
  /** Refs of tasks, as `<object> <ref>`. */
  const keptOf = (mission: string): string[] =>
    git('for-each-ref', '--format=%(objectname) %(refname)', `refs/skein/${mission}/`)
      .split('\n')
      .filter(Boolean);
  const exists = (object: string): boolean => {
    try {
      return git('cat-file', '-t', object) === 'tree\n';
    } catch {
      return false;
    }
  };
  const collectGarbage = (): string => git('gc', '--quiet', '--prune=now');

  before(async () => {
    for (const jobs of [1, 2, 8]) {
      const done = await rewrite(top, '--jobs', String(jobs));
      assert.equal(done.code, 0, told(done));
      missions.push(missionOf(done));
    }
  });

  it('gives the tree that a plain script makes, with 1, 2 and 8 jobs', () => {
    const expected = rewrittenTree();
    for (const mission of missions) {
      assert.equal(git('rev-parse', `skein/${mission}^{tree}`).trim(), expected);
      const changed = git('diff', '--name-only', 'main', `skein/${mission}`).trim().split('\n');
      assert.equal(changed.length, TRACE_FILES);
    }
    // The twin: one byte that is not rewritten is another tree.
    assert.notEqual(rewrittenTree({ 'scripts/once.mjs': 'logger.debug();\n' }), expected);
    assert.equal(git('status', '--porcelain'), '');
  });

  it('is shared out among as many agents as there are jobs', async () => {
    for (const [index, most] of [1, 2, 8].entries()) {
      const log = await skein.run('log', missions[index] ?? '', '--json');
      const coders = new Set(log.stdout.match(/"agent:coder-\d+"/gu));
      assert.ok(
        coders.size >= Math.min(most, 2) && coders.size <= most,
        `${coders.size} of ${most}`,
      );
    }
  });

  it('is on a record that is whole', async () => {
    const verified = await skein.run('verify');
    assert.equal(verified.code, 0, told(verified));
  });

  it('keeps what each task left through git\'s clean-up, until "clean" lets it go', async () => {
    const [first = ''] = missions;
    const shown = await skein.run('tasks', first, '--json');
    const tasks = shown.stdout.trim().split('\n').length;
    const kept = keptOf(first);
    assert.deepEqual(
      kept.map((line) => line.split('/').at(-1)).sort((a, b) => Number(a) - Number(b)),
      Array.from({ length: tasks }, (_, index) => String(index + 1)),
    );
    collectGarbage();
    const trees = kept.map((line) => line.split(' ')[0] ?? '');
    assert.ok(trees.every(exists));
    // Trees of parts are in no branch: nothing but their refs keeps them.
    const finals = new Set(git('log', '--all', '--format=%T').trim().split('\n'));
    const parts = trees.filter((tree) => !finals.has(tree));
    assert.ok(parts.length >= 2, `${parts.length} trees of parts`);
    const dry = await skein.run('clean', '--dry-run');
    assert.match(dry.stderr, new RegExp(`^${tasks * 3} git trees of tasks would be let go`, 'mu'));
    assert.equal(keptOf(first).length, tasks);
    const cleaned = await skein.run('clean');
    assert.equal(cleaned.code, 0, told(cleaned));
    assert.deepEqual(missions.flatMap(keptOf), []);
    collectGarbage();
    assert.ok(!parts.some(exists), 'nothing keeps them any more');
    assert.equal(git('rev-parse', `skein/${first}^{tree}`).trim(), rewrittenTree());
  });
});

/** A recipe whose command holds its files until a gate is opened. */
const GATED = {
  'skein.yaml': 'recipes: [recipes/*.yaml]\n',
  'recipes/hold.yaml': [
    'name: hold\ndescription: Holds the files of a package until a gate is there\n',
    'goal: hold {package} until {gate}\n',
    'parameters:\n  - { name: package }\n  - { name: gate }\n',
    'steps:\n  - title: Hold\n    command:\n',
    '      run: touch {gate}.at; until test -e {gate}; do sleep 0.05; done; echo "// held" >> packages/web/src/part-0.ts\n',
    '      writes: packages/{package}/\n      lines: held\n',
  ].join(''),
};

describe('two missions that write the same files', () => {
  it('the second one waits and says for whom; both end, each with its own change', async () => {
    const open = openHome(WITHOUT_WALLS);
    const { top, git, folder } = tracedRepository(GATED);
    const gate = join(folder, 'gate');
    const order = ['run', `hold web until ${gate}`, '--repo', top, '--yes', '--check', 'true'];
    const first = open.start(order);
    await until('the first one holds its files', () => existsSync(`${gate}.at`));
    const second = open.start(['run', TRACE_GOAL, '--repo', top, '--yes', '--check', 'true']);
    await second.saw(/declines/u);
    const mission = await latest(open);
    let waits = await open.run('why-waiting', mission);
    for (let tries = 0; tries < 100 && !/held by/u.test(waits.stdout); tries += 1) {
      waits = await open.run('why-waiting', mission);
    }
    assert.match(
      waits.stdout,
      /paths packages\/web\/.* are held by agent:coder-\d+ for task 2 of mission [0-9a-f-]{13}$/mu,
      told(waits),
    );
    assert.equal(second.child.exitCode, null);
    writeFileSync(gate, '');
    const ends = await Promise.all([first.ended, second.ended]);
    for (const end of ends) assert.equal(end.code, 0, told(end));
    const [held, rewritten] = ends.map(missionOf);
    assert.equal(
      git('diff', '--name-only', 'main', `skein/${held}`),
      'packages/web/src/part-0.ts\n',
    );
    assert.equal(git('rev-parse', `skein/${rewritten}^{tree}`).trim(), rewrittenTree(GATED));
    const verified = await open.run('verify');
    assert.equal(verified.code, 0, told(verified));
  });
});

async function latest(home: SkeinHome): Promise<string> {
  const { stdout } = await home.run('missions', '--json');
  return (JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { id: string }).id;
}
