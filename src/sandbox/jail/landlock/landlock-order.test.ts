// What is ordered from a keeper: the environment, the mounts that are refused, the limits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { JailRequest, Mount } from '../jail.ts';
import { landlockOrder } from './landlock-order.ts';
import { shapes } from './landlock-ways.ts';
import type { LandlockWays } from './landlock-ways.ts';

const PLACE = { temporary: '/tmp/own', group: null };

const ways = (index: number): LandlockWays => {
  const shape = shapes('/usr/bin/unshare', false)[index];
  assert.ok(shape !== undefined);
  return { ...shape, version: 7, filter: null, walls: { landlock: true }, groups: null };
};
const UNDER_UNSHARE = ways(0);
const PLAIN = ways(2);

const request = (more: Partial<JailRequest> = {}): JailRequest => ({
  argv: ['true'],
  cwd: '/work',
  environment: {},
  mounts: [],
  limits: COMMAND_LIMITS,
  stdio: ['ignore', 'pipe', 'pipe'],
  ...more,
});

const mount = (source: string, access: Mount['access'], target = source): Mount => ({
  source,
  target,
  access,
});

test('the environment is that of the request, and what makes programs work here', () => {
  const environment = { TMPDIR: '/tmp', HOME: '/work', A: 'b=c', OPENSSL_CONF: '/work/o' };
  const order = landlockOrder(PLAIN, request({ environment }), PLACE);
  assert.deepEqual(order.environment.toSorted(), [
    'A=b=c',
    'GIT_CONFIG_GLOBAL=/dev/null',
    'GIT_CONFIG_NOSYSTEM=1',
    'HOME=/work',
    'OPENSSL_CONF=/work/o',
    'PATH=/usr/local/bin:/usr/bin:/bin',
    'TMPDIR=/tmp/own',
  ]);
  const bad = request({ environment: { 'A=': 'b' } });
  assert.throws(() => landlockOrder(PLAIN, bad, PLACE), { name: 'usage' });
});

test('what Landlock can not show is refused', () => {
  const refused = { name: 'sandbox-unavailable' };
  const moved = request({ mounts: [mount('/a', 'read', '/b')] });
  const proxied = request({ proxySocket: '/run/x' });
  for (const each of [UNDER_UNSHARE, PLAIN]) {
    assert.throws(() => landlockOrder(each, moved, PLACE), refused);
    assert.throws(() => landlockOrder(each, proxied, PLACE), refused);
  }
  const nested = request({ mounts: [mount('/work', 'write'), mount('/work/.git', 'read')] });
  assert.throws(() => landlockOrder(PLAIN, nested, PLACE), refused);
  const order = landlockOrder(UNDER_UNSHARE, nested, PLACE);
  assert.deepEqual(order.ownMounts, { write: ['/work'], read: ['/work/.git'] });
  const beside = request({ mounts: [mount('/work', 'write'), mount('/work.git', 'read')] });
  assert.doesNotThrow(() => landlockOrder(PLAIN, beside, PLACE));
});

test('memory is bounded in each process, V8 gets what it reserves', () => {
  const limits = { ...COMMAND_LIMITS, memoryBytes: 1000, cpuMs: 1500 };
  const of = (memory: JailRequest['memory']): unknown =>
    landlockOrder(PLAIN, request({ limits, ...(memory && { memory }) }), PLACE).processLimits;
  const shared = [
    [4, 0],
    [0, 2],
    [1, COMMAND_LIMITS.fileBytes],
    [7, COMMAND_LIMITS.openFiles],
  ];
  assert.deepEqual(of('address'), [...shared, [9, 1000]]);
  assert.deepEqual(of('data'), [...shared, [2, 1000 + 2 ** 29]]);
  assert.deepEqual(of('group-only'), [...shared, [2, 1000 + 2 ** 29]]);
});
