/** What gVisor is told, and how its answers are read, without starting it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { JailRequest } from '#sandbox/jail/jail.ts';
import { explainFailure } from './explain-failure.ts';
import { readFeatures } from './features.ts';
import { guestSpec, hostMounts } from './guest-spec.ts';
import { launchScript } from './launch-script.ts';

const request: JailRequest = {
  argv: ['true'],
  cwd: '/tmp',
  environment: {},
  mounts: [],
  limits: COMMAND_LIMITS,
  stdio: ['ignore', 'ignore', 'ignore'],
};
const user = { uid: 0, gid: 0 };

describe('what a guest is made of', () => {
  it('refuses what can be no program or variable, before anything is started', () => {
    for (const argv of [[], [''], ['a=b'], ['-S'], ['true', 'a\0b']]) {
      assert.throws(() => guestSpec({ ...request, argv }, [], user), { name: 'usage' });
    }
    for (const environment of [{ '': 'a' }, { 'a=b': 'c' }, { '-u': 'a' }, { a: 'b\0c' }]) {
      assert.throws(() => guestSpec({ ...request, environment }, [], user), { name: 'usage' });
    }
    guestSpec({ ...request, environment: { a: '=' } }, [], user);
  });

  it('lays folders before what is in them', () => {
    const mount = (target: string) => ({ source: target, target, access: 'read' }) as const;
    const mounts = [mount('/a/b/c'), mount('/a'), mount('/a/b')];
    const order = hostMounts({ ...request, mounts }, [mount('/usr')]).map(({ target }) => target);
    assert.deepEqual(order, ['/usr', '/a', '/a/b', '/a/b/c']);
  });

  it('makes its links last and over nothing, so that none leads a folder out', () => {
    const script = launchScript({
      runsc: '/usr/bin/runsc',
      options: [],
      folder: '/tmp/guest',
      joinFiles: [],
      mounts: [{ source: '/usr', target: '/lib/more', access: 'read' }],
      links: [{ path: '/lib', target: '/usr/lib' }],
      user,
    });
    const [folders, links] = [script.indexOf('root/lib/more'), script.indexOf('ln -sT')];
    assert.ok(folders > 0 && links > folders);
  });
});

describe('what gVisor says of itself', () => {
  it('is enough, or the options that are missing', () => {
    const flags =
      '  -root string\n  -log string\n  -network value\n  -ignore-cgroups\n  -oci-seccomp';
    const version = 'runsc version release-20250101.0\nspec: 1.1.0';
    assert.deepEqual(readFeatures(version, flags), { missing: ['--overlay2', '--host-uds'] });
    const all = `${flags}\n  -overlay2 value\n  -host-uds value\n`;
    assert.deepEqual(readFeatures(version, all), { version: '20250101.0' });
  });

  it('is a failure only when its program did not begin', () => {
    const log = (msg: string): string => `launching\n${JSON.stringify({ msg })}`;
    assert.match(explainFailure('mount: denied', 125)?.message ?? '', /mount: denied/);
    const creating = log('running container: creating container: no such file');
    assert.match(explainFailure(creating, 128)?.message ?? '', /no such file/);
    assert.equal(explainFailure(creating, 3), null);
    assert.equal(explainFailure(log('waiting on container: EOF'), 128), null);
    assert.equal(explainFailure('launching\n', 128), null);
  });
});
