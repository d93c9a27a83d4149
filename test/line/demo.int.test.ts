/** `skein demo`: the promise of the first five minutes, kept without a key, an account, a network. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, describe, it } from 'node:test';
import { DEMO_GOAL } from '#cli/demo-repository.ts';
import { openHome, told } from '../support/run-skein.ts';

describe('skein demo', () => {
  const folders: string[] = [];
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  it('carries out a mission, merges it, and verifies the record', async () => {
    // A home without a git identity, and a proxy that nobody serves: it needs neither.
    const nowhere = 'http://127.0.0.1:9';
    const skein = openHome({ HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, ALL_PROXY: nowhere });
    rmSync(`${skein.person}/.gitconfig`);
    const demo = await skein.run('demo');
    assert.equal(demo.code, 0, told(demo));
    const top = /in git: (\S+)/u.exec(demo.stderr)?.[1] ?? '';
    folders.push(dirname(top));
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: top, encoding: 'utf8' }).trim();
    assert.equal(git('status', '--porcelain'), '');
    assert.equal(git('rev-list', '--count', 'main'), '2');
    assert.match(git('log', '-1', '--format=%B', 'main'), new RegExp(`Goal: ${DEMO_GOAL}`, 'u'));
    const trailers = git('log', '-1', '--format=%(trailers:only)', 'main');
    assert.match(trailers, /^Skein-Mission: [0-9a-f-]{36}$/mu);
    assert.match(trailers, /^Skein-Head: [0-9a-f]{32}:\d+:[0-9a-f]{64}$/mu);
    assert.match(demo.stdout, /whole/);
    assert.match(demo.stderr, /merged/);
    assertStory(demo.stdout);
    const report = git('show', 'main:scripts/report.ts');
    assert.match(report, /import \{ formatPrice, orderTotal as total \} from '@orders\/pricing';/);
    // What is shown is what git has.
    assert.ok(
      demo.stdout.includes(git('diff', 'HEAD^', 'HEAD', '--', 'packages/cart/src/cart.ts')),
    );
  });
});

/** The record tells what happened, with its causes: none of it is written into the demo. */
function assertStory(log: string): void {
  const inOrder = [
    /coder-\d found scripts\/report\.ts:2, which is not in the plan/,
    /coder-\d .*gets it/,
    /yield, I hold scripts\/report\.ts/,
    /refused by guardrail parses: scripts\/report\.ts.*already been declared/,
    /safety over swarm: guardrail:parses over agent:coder-\d/,
    /scout-1 diagnosed .*import-alias/,
    /changed plan [0-9a-f]+ waits/,
    /approved plan/,
    /passed guardrail new-type-errors/,
    /check test on the change: exit code 0/,
  ];
  const lines = log.split('\n');
  for (const wanted of inOrder) {
    assert.ok(
      lines.some((line) => wanted.test(line)),
      `the story tells ${wanted.source}`,
    );
  }
  const found = lines.filter((line) => /found scripts\/report\.ts.* \(task \d\)/.test(line));
  assert.ok(found.length >= 2, 'more than one task found it');
  const took = lines.filter((line) => /asks for scripts\/report\.ts and gets it/.test(line));
  assert.equal(took.length, 1, 'one task took it over');
}
