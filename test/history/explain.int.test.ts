/** skein why and skein compare at the command line: real processes, a real pruning, exit statuses. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Comparison } from '#supervisor/history/compare/compare-missions.ts';
import type { WhyAnswer } from '#supervisor/history/why/why-answer.ts';
import type { TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told, type Ended } from '../support/run-skein.ts';

const skein = openHome();

/** Renames in a new repository and merges; answers the mission's id. */
async function rename(): Promise<{
  readonly repository: TempRepository;
  readonly mission: string;
}> {
  const repository = greeterRepository();
  const asked = ['run', RENAME, '--repo', repository.top, '--check', CHECK, '--yes', '--merge'];
  const done = await skein.run(...asked);
  assert.equal(done.code, 0, told(done));
  return { repository, mission: /^mission (\S+)$/mu.exec(done.stdout)?.[1] ?? '' };
}

const inside = ({ top }: TempRepository, ...args: readonly string[]): Promise<Ended> =>
  skein.start(args, { cwd: join(top, 'src') }).ended;

describe('skein why', () => {
  it('explains a line of the folder you are in, for people and for programs', async () => {
    const { repository, mission } = await rename();
    const said = await inside(repository, 'why', 'greet.ts:1');
    assert.equal(said.code, 0, told(said));
    for (const part of [
      /^src\/greet\.ts:1 {2}export function welcome\(name: string\): string \{$/mu,
      new RegExp(`^made by an edit of mission ${mission}$`, 'mu'),
      /^ {2}goal +rename greet to welcome \(done, record [0-9a-f]{12}\)$/mu,
      /^ {2}edit +\d{4}-\d\d-\d\d [\d:]{8} by agent:coder(?:-\d+)?, task \d+: .*\(coder\)$/mu,
      /^ +- export function greet\(name: string\): string \{$/mu,
      /^ +\+ export function welcome\(name: string\): string \{$/mu,
      /^ {2}decided +[\d:]{8} person:owner: approved plan [0-9a-f]{10} \(--yes\)$/mu,
      /^ {2}proved by +guardrails of the edit: path, base-hash, parses$/mu,
      /^ +review: \d+ changes, all explained$/mu,
      /^ +check node src\/main\.ts: exit code 0 in \S+ s before, exit code 0 in \S+ s after \(passed\)$/mu,
      /^ {2}price +planned 2 files, 3 changes, time unknown, 0\.00 USD$/mu,
      /^ +used 2 files, 3 changes, \S+ s, 0\.00 USD$/mu,
      /^ {2}git +commit [0-9a-f]{10} by Ada <ada@example\.com>, .*: Rename greet to welcome/mu,
      /^ +on main, skein\/\S+; merged into main by the mission$/mu,
    ]) {
      assert.match(said.stdout, part);
    }
    const json = await inside(repository, 'why', 'greet.ts:1:17', '--all', '--json');
    const answer = JSON.parse(json.stdout) as WhyAnswer;
    assert.deepEqual(
      answer.origins.map(({ by }) => by),
      ['mission', 'before-skein'],
    );
    const old = await skein.run('why', 'src/greet.ts:2', '--repo', repository.top);
    assert.match(old.stdout, /^made by no mission: it is from before Skein\n {2}git .* by Ada/mu);
    repository.write('src/greet.ts', '// new\n');
    const open = await inside(repository, 'why', 'greet.ts:1');
    assert.match(open.stdout, /^made by nobody yet: the change is not committed$/mu);
    const then = await inside(repository, 'why', 'greet.ts:1', '--at', 'HEAD');
    assert.match(then.stdout, /\(git commit [0-9a-f]{10}\)/u);
    assert.match(then.stdout, new RegExp(mission, 'u'));
  });

  it('says what was pruned, and when', async () => {
    const { repository, mission } = await rename();
    const pruned = await skein.run('prune', '--older-than', '0', '--keep-missions', '0', '--yes');
    assert.equal(pruned.code, 0, told(pruned));
    const said = await inside(repository, 'why', 'greet.ts:1');
    assert.equal(said.code, 0, told(said));
    assert.match(said.stdout, new RegExp(`^made by an edit of mission ${mission}$`, 'mu'));
    assert.match(said.stdout, /at a time that was pruned by agent:coder/u);
    assert.match(
      said.stdout,
      /note +\d+ events of the mission are not here, pruned on \d{4}-.*\(event /u,
    );
    assert.match(said.stdout, /note +What the edit wrote is not here, pruned on/u);
    assert.doesNotMatch(said.stdout, /^ +[+-] export/mu, 'nothing is guessed');
    // Its price and its checks are part of the state, which stays.
    assert.match(said.stdout, /check node src\/main\.ts: exit code 0/u);
  });

  it('says that a record is in another home', async () => {
    const { repository, mission } = await rename();
    const stranger = openHome();
    const said = await stranger.run('why', 'src/greet.ts:1', '--repo', repository.top);
    assert.equal(said.code, 0, told(said));
    assert.match(said.stdout, /^made by a mission that is not on record here$/mu);
    assert.match(
      said.stdout,
      new RegExp(`names mission ${mission} of record .*not in this home`, 'u'),
    );
  });

  it('refuses what it can not explain', async () => {
    const { top } = greeterRepository();
    for (const [where, code] of [
      ['src/greet.ts', 2],
      ['src/greet.ts:0', 2],
      ['src:1', 2],
      ['src/greet.ts:99', 3],
      ['src/none.ts:1', 3],
      ['/etc/passwd:1', 3],
    ] as const) {
      const refused = await skein.run('why', where, '--repo', top);
      assert.equal(refused.code, code, told(refused));
      assert.match(refused.stderr, /^error Cannot /u);
    }
    assert.equal((await skein.run('why', 'a:1', '--repo', '/tmp')).code, 3);
    assert.equal((await skein.run('why', 'src/greet.ts:1', '--repo', top, '--at', 'none')).code, 3);
  });
});

describe('skein compare', () => {
  it('shows two missions side by side, their diff, and a fork beside its original', async () => {
    const { repository, mission } = await rename();
    const back = ['run', 'rename welcome to hail', '--repo', repository.top, '--yes'];
    const other = await skein.run(...back);
    assert.equal(other.code, 0, told(other));
    const second = /^mission (\S+)$/mu.exec(other.stdout)?.[1] ?? '';
    const shown = await skein.run('compare', mission, second);
    assert.equal(shown.code, 0, told(shown));
    assert.match(shown.stdout, new RegExp(`^ +A {2}${mission} +B {2}${second}$`, 'mu'));
    assert.match(shown.stdout, /^goal +rename greet to welcome +rename welcome to hail$/mu);
    assert.match(shown.stdout, /^~ src\/greet\.ts +\+1 -1 +\+1 -1$/mu);
    assert.match(shown.stdout, /^check node src\/main\.ts +passed +-$/mu);
    const diff = await skein.run('compare', mission, second, '--diff');
    assert.match(diff.stdout, /^-export function welcome.*\n\+export function hail/mu);
    const json = await skein.run('compare', mission, second, '--json');
    assert.equal((JSON.parse(json.stdout) as Comparison).files.length, 2);
    assert.equal((await skein.run('compare', mission)).code, 2);
    assert.equal((await skein.run('compare', mission, 'ffff')).code, 3);
    const fork = await skein.run('fork', mission, '--at', 'end', '--plain');
    assert.equal(fork.code, 0, told(fork));
    const id = /^mission (\S+)$/mu.exec(fork.stdout)?.[1] ?? '';
    const beside = await skein.run('compare', id);
    assert.match(beside.stdout, new RegExp(`^ +A {2}${mission} +B {2}${id}$`, 'mu'));
    assert.match(beside.stdout, /^= src\/greet\.ts +\+1 -1 +the same$/mu);
  });
});
