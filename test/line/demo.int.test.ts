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
    // What is shown is what git has.
    assert.ok(
      demo.stdout.includes(git('diff', 'HEAD^', 'HEAD', '--', 'packages/cart/src/cart.ts')),
    );
  });
});
