/** Each limit is met by a program that wants more, and seen not to be met where it may have more. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noGuests, runScript } from './guest-fixture.ts';

const MEGABYTE = 1024 * 1024;

describe('the limits of a guest of gVisor', { skip: noGuests }, () => {
  it('hold the memory of all processes together, with that of its kernel', async () => {
    // tail keeps all of a line that does not end.
    const each = 'head -c 60M /dev/zero | tail -n 1 > /dev/null &';
    const script = `${each} ${each} wait`;
    const less = await runScript(script, { memoryBytes: 32 * MEGABYTE });
    assert.equal(less.end.oom, true);
    assert.ok((less.end.peakBytes ?? 0) <= 96 * MEGABYTE);
    const more = await runScript(script, { memoryBytes: 512 * MEGABYTE });
    assert.equal(more.end.oom, false);
    assert.ok((more.end.peakBytes ?? 0) > 96 * MEGABYTE, 'the same needs more where it may');
  });

  it('hold the number of processes, and let the program have as many as it may', async () => {
    const sleeps = (count: number): string =>
      `for each in $(seq ${count}); do sleep 100 & done; echo all`;
    assert.equal((await runScript(sleeps(18), { processes: 20 })).out, 'all\n');
    assert.equal((await runScript(sleeps(120), { processes: 20 })).out, '');
    assert.equal((await runScript(sleeps(120), { processes: 128 })).out, 'all\n');
  });

  it('hold files, descriptors and folders for temporary files', async () => {
    const script = `
      (head -c 3M /dev/zero > /tmp/one); wc -c < /tmp/one
      (head -c 3M /dev/zero > /dev/shm/one); wc -c < /dev/shm/one
      for each in 1 2 3; do head -c 2000000 /dev/zero > /tmp/$each; done
      cat /tmp/* | wc -c
      ulimit -n; ulimit -c
      for folder in / /dev /etc /usr /run; do (echo out > $folder/one) && echo $folder; done`;
    const few = {
      temporaryBytes: 4 * MEGABYTE,
      sharedBytes: MEGABYTE,
      fileBytes: 2 * MEGABYTE,
      openFiles: 50,
    };
    const numbers = async (limits: typeof few): Promise<readonly number[]> =>
      (await runScript(script, limits)).out.trim().split(/\s+/).map(Number);
    const [file, shared, all = 0, ...others] = await numbers(few);
    assert.deepEqual([file, shared, ...others], [2 * MEGABYTE, MEGABYTE, 50, 0]);
    // gVisor counts whole pages, and one for each name.
    assert.ok(all > 3 * MEGABYTE && all <= 4 * MEGABYTE, String(all));
    const plenty = {
      temporaryBytes: 16 * MEGABYTE,
      sharedBytes: 16 * MEGABYTE,
      fileBytes: 16 * MEGABYTE,
      openFiles: 60,
    };
    const total = 3 * MEGABYTE + 3 * 2_000_000;
    assert.deepEqual(await numbers(plenty), [3 * MEGABYTE, 3 * MEGABYTE, total, 60, 0]);
  });

  it('end a program that uses its time up, alone or shared out', async () => {
    const one = await runScript('while :; do :; done', { cpuMs: 500 });
    assert.equal(one.end.signal, 'SIGKILL');
    assert.ok((one.end.cpuMs ?? 0) > 500);
    const turns = 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done';
    const many = await runScript(`while :; do sh -c '${turns}'; done`, { cpuMs: 500 });
    assert.equal(many.end.signal, 'SIGKILL');
  });
});
