/** Each limit is met by a program that wants more, and seen not to be met where it may have more. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { text } from 'node:stream/consumers';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { JailBackend, JailEnd, JailRequest } from '../jail.ts';
import { openBubblewrap } from './open-bubblewrap.ts';

const MEGABYTE = 1024 * 1024;
const opened = await openBubblewrap();
const skip = 'problem' in opened ? `${opened.problem}. ${opened.fix}` : false;
const backend = opened as JailBackend;
const noGroup =
  'walls' in opened && opened.walls.includes('memory-cgroup')
    ? false
    : 'no control group can be made here: run the tests as root, or under systemd-run --user --scope';

interface Finished {
  readonly out: string;
  readonly end: JailEnd;
}

async function run(
  script: string,
  limits: Partial<Limits>,
  more: Partial<JailRequest> = {},
): Promise<Finished> {
  const jailed = backend.start({
    argv: ['sh', '-c', script],
    cwd: '/tmp',
    environment: {},
    mounts: [],
    limits: { ...COMMAND_LIMITS, ...limits },
    stdio: ['ignore', 'pipe', 'ignore'],
    ...more,
  });
  const [out, end] = await Promise.all([
    jailed.stdout === null ? '' : text(jailed.stdout),
    jailed.ended,
  ]);
  return { out: out.trim(), end };
}

describe('the limits of a jail of bubblewrap', { skip }, () => {
  it('hold the memory of all processes together', { skip: noGroup }, async () => {
    // tail keeps all of a line that does not end.
    const each = 'head -c 40M /dev/zero | tail -n 1 > /dev/null &';
    const script = `${each} ${each} ${each} wait`;
    const less = await run(script, { memoryBytes: 64 * MEGABYTE });
    assert.equal(less.end.oom, true);
    assert.ok((less.end.peakBytes ?? 0) <= 64 * MEGABYTE);
    const more = await run(script, { memoryBytes: 512 * MEGABYTE });
    assert.equal(more.end.oom, false);
    assert.ok((more.end.peakBytes ?? 0) > 64 * MEGABYTE, 'the same needs more where it may');
  });

  it('hold the memory of one process', async () => {
    const script = 'head -c 100M /dev/zero | tail -n 1 | wc -c';
    const address = { memory: 'address' } as const;
    const less = await run(script, { memoryBytes: 64 * MEGABYTE }, address);
    assert.equal(less.out, '0');
    const more = await run(script, { memoryBytes: 512 * MEGABYTE }, address);
    assert.equal(more.out, String(100 * MEGABYTE));
  });

  it('hold the number of processes', async () => {
    const script = 'for each in $(seq 40); do sleep 100 & done; echo all';
    assert.equal((await run(script, { processes: 20 })).out, '');
    assert.equal((await run(script, { processes: 60 })).out, 'all');
  });

  it('hold files, descriptors and folders for temporary files', async () => {
    const script = `
      head -c 3M /dev/zero > /tmp/one; wc -c < /tmp/one
      head -c 3M /dev/zero > /dev/shm/one; wc -c < /dev/shm/one
      ulimit -n; ulimit -c
      (echo out > /one; echo out > /dev/one; echo out > /usr/one; echo out > /run/one) 2> /dev/null
      ls /one /dev/one /usr/one /run/one 2> /dev/null | wc -l`;
    const few = {
      temporaryBytes: 4 * MEGABYTE,
      sharedBytes: MEGABYTE,
      fileBytes: 2 * MEGABYTE,
      openFiles: 50,
    };
    const { out } = await run(script, few);
    assert.deepEqual(out.split(/\s+/).map(Number), [2 * MEGABYTE, MEGABYTE, 50, 0, 0]);
    const many = await run(script, { openFiles: 60 });
    const sizes = many.out.split(/\s+/).map(Number);
    assert.deepEqual(sizes, [3 * MEGABYTE, 3 * MEGABYTE, 60, 0, 0]);
  });

  it('end a process that uses its time up, and one that shares it out', async () => {
    const { end } = await run('exec sh -c "while :; do :; done"', { cpuMs: 1000 });
    assert.ok(end.exitCode === 137 || end.signal === 'SIGKILL', JSON.stringify(end));
    if (noGroup !== false) return;
    const one = 'i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done';
    const many = await run(`while :; do sh -c '${one}'; done`, { cpuMs: 500 });
    assert.equal(many.end.signal, 'SIGKILL');
    assert.ok((many.end.cpuMs ?? 0) > 500);
  });
});
