/** A guest is dead when it is said to be: no process, group or folder is left, whoever died and when. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { readText } from '#sandbox/jail/cgroup/kernel-files.ts';
import { guests, noGuests, scriptRequest } from './guest-fixture.ts';
import { openRunsc } from './open-runsc.ts';

const LIMIT_MS = 60_000;

// A folder of its own, so that nobody else's files are seen in it.
process.env['TMPDIR'] = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-kill-'));
after(() => fs.rmSync(os.tmpdir(), { recursive: true }));

const groupsOf = (owner: number): readonly string[] =>
  fs.globSync('/sys/fs/cgroup/**/skein-*').filter((folder) => folder.includes(`-${owner}-`));

/** Whether anything lives in the groups of `owner`, which hold all processes of its guests. */
const isAlive = (owner: number): boolean =>
  groupsOf(owner).some((folder) => (readText(path.join(folder, 'cgroup.procs')) ?? '') !== '');

const mounts = (): number => (readText('/proc/self/mountinfo') ?? '').split('\n').length;

/** Programs that are hard to end. */
const PROGRAMS = [
  'sleep 1000 & setsid sh -c "sleep 1000 & sleep 1000" & exec sleep 1000',
  'f() { sh -c \'trap "" TERM; sleep 1000; :\' & sleep 0.01; f; }; f',
  'while :; do echo out; echo error >&2; done',
  'i=0; while :; do i=$((i+1)); echo $i > /tmp/$i; sh -c "exit 0" & done',
];

describe('the end of a guest of gVisor', { skip: noGuests }, () => {
  it('leaves nothing after kills at different times', { timeout: 120_000 }, async () => {
    const before = mounts();
    for (let round = 0; round < 10; round += 1) {
      const script = PROGRAMS[round % PROGRAMS.length] ?? '';
      const guest = guests.start(scriptRequest(script, { processes: 32 }));
      guest.stdout?.resume();
      guest.stderr?.resume();
      assert.notDeepEqual(groupsOf(process.pid), [], 'it was there');
      await wait(round * 70);
      await Promise.all([guest.kill(), guest.kill()]);
      assert.deepEqual(groupsOf(process.pid), [], `round ${round}`);
      assert.deepEqual(fs.readdirSync(os.tmpdir()), [], `round ${round}`);
      assert.equal((await guest.ended).signal, 'SIGKILL');
    }
    assert.equal(mounts(), before);
  });

  it('takes a daemon along when the program ends by itself', async () => {
    const script = 'setsid sh -c "echo up; sleep 1000" & read -r go; exit 3';
    const guest = guests.start(scriptRequest(script, {}, { stdio: ['pipe', 'pipe', 'ignore'] }));
    if (guest.stdout !== null) await once(guest.stdout, 'data');
    guest.stdin?.end('go\n');
    assert.equal((await guest.ended).exitCode, 3);
    assert.deepEqual(groupsOf(process.pid), []);
    await guest.kill();
  });

  it('comes when Skein is killed, and the next sweeps its group and folder', async () => {
    const program = `
      import { openRunsc } from '${import.meta.resolve('./open-runsc.ts')}';
      import { COMMAND_LIMITS as limits } from '${import.meta.resolve('#sandbox/limits.ts')}';
      (await openRunsc()).start({ argv: ['sh', '-c', 'echo up; sleep 1000'], cwd: '/tmp',
        environment: {}, mounts: [], limits, stdio: ['ignore', 1, 2] });`;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', program]);
    await once(owner.stdout, 'data');
    const pid = owner.pid ?? 0;
    assert.ok(isAlive(pid), 'it ran');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const deadline = Date.now() + LIMIT_MS;
    while (isAlive(pid)) {
      assert.ok(Date.now() < deadline, 'the guest is dead');
      await wait(10);
    }
    assert.equal(fs.readdirSync(os.tmpdir()).length, 1, 'its empty folder is left');
    await openRunsc();
    assert.deepEqual([groupsOf(pid), fs.readdirSync(os.tmpdir())], [[], []]);
  });
});
