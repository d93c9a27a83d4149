/** A jail is dead when it is said to be: no process, group or file is left, whoever died and when. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import { readText } from '../cgroup/kernel-files.ts';
import { openGroups } from '../cgroup/open-groups.ts';
import type { JailBackend, Jailed } from '../jail.ts';
import { openBubblewrap } from './open-bubblewrap.ts';

const opened = await openBubblewrap();
const skip = 'problem' in opened ? `${opened.problem}. ${opened.fix}` : false;
const backend = opened as JailBackend;
const LIMIT_MS = 30_000;

// A folder of its own, so that nobody else's files are seen in it.
process.env['TMPDIR'] = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-kill-'));
after(() => fs.rmSync(os.tmpdir(), { recursive: true }));

/** Processes of the host whose command line holds `mark`. */
const processesWith = (mark: string): readonly string[] =>
  fs.readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) && fs.readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(mark)
      );
    } catch {
      return false;
    }
  });

const leftGroups = (owner: number): readonly string[] =>
  fs.globSync('/sys/fs/cgroup/**/skein-*').filter((folder) => folder.includes(`-${owner}-`));

const leftFiles = (): readonly string[] =>
  fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith('skein-jail-'));

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!holds()) {
    assert.ok(Date.now() < deadline, what);
    await wait(10);
  }
}

/** Programs that are hard to end; `mark` is in the command line of each of their processes. */
const PROGRAMS: readonly ((mark: string) => string)[] = [
  (mark) => `sleep 1000 & setsid sh -c 'sleep 1000 & sleep 1000; :' ${mark} & exec sleep 1000`,
  (mark) => `f() { sh -c 'trap "" TERM; sleep 1000; :' ${mark} & sleep 0.01; f; }; f`,
  (mark) => `nohup setsid sh -c 'nohup sleep 1000; :' ${mark} >/dev/null 2>&1 & exit 0`,
  (mark) => `while :; do echo ${mark}${mark}${mark}; echo ${mark} >&2; done`,
  (mark) => `i=0; while :; do i=$((i+1)); echo ${mark} > /tmp/$i; sh -c 'exit 0' & done`,
];

function start(from: JailBackend, script: string): Jailed {
  const jailed = from.start({
    argv: ['sh', '-c', script],
    cwd: '/tmp',
    environment: {},
    mounts: [],
    limits: { ...COMMAND_LIMITS, processes: 48 },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  jailed.stdout?.resume();
  jailed.stderr?.resume();
  return jailed;
}

/** Another Skein, with so many jails; it says on stderr when it has started them. */
function startOwner(script: string, jails: number, quiet = false): ChildProcessWithoutNullStreams {
  const program = `
    import { openBubblewrap } from '${import.meta.resolve('./open-bubblewrap.ts')}';
    import { COMMAND_LIMITS as limits } from '${import.meta.resolve('#sandbox/limits.ts')}';
    const backend = await openBubblewrap();
    for (let jail = 0; jail < ${jails}; jail += 1) {
      backend.start({ argv: ['sh', '-c', ${JSON.stringify(script)}], cwd: '/tmp', environment: {},
        mounts: [], limits, stdio: ['ignore', ${quiet ? "'ignore'" : 1}, 'ignore'] });
    }
    process.stderr.write('started');`;
  return spawn(process.execPath, ['--input-type=module', '--eval', program]);
}

/** The generator of Park and Miller. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe('the end of a jail of bubblewrap', { skip }, () => {
  it('leaves nothing after kills at random times', { timeout: 120_000 }, async () => {
    const seed = 20_261_121;
    const next = numbers(seed);
    for (let round = 0; round < 100; round += 1) {
      const mark = `mark-${randomUUID()}`;
      const program = PROGRAMS[Math.floor(next() * PROGRAMS.length)];
      const jailed = start(backend, program?.(mark) ?? '');
      await wait(Math.floor(next() * 40));
      await Promise.all([jailed.kill(), jailed.kill()]);
      const note = `seed ${seed}, round ${round}`;
      assert.deepEqual(processesWith(mark), [], note);
      assert.deepEqual(leftGroups(process.pid), [], note);
    }
    assert.deepEqual(leftFiles(), []);
  });

  it('takes a daemon along when the program ends by itself', async () => {
    const mark = `mark-${randomUUID()}`;
    const daemon = `setsid sh -c 'echo up; sleep 1000; :' ${mark} & read -r go; exit 3`;
    const jailed = start(backend, daemon);
    if (jailed.stdout !== null) await once(jailed.stdout, 'data');
    assert.notDeepEqual(processesWith(mark), [], 'the daemon was there');
    jailed.stdin?.end('go\n');
    assert.equal((await jailed.ended).exitCode, 3);
    assert.deepEqual(processesWith(mark), []);
    assert.deepEqual(leftGroups(process.pid), []);
  });

  it('comes when Skein is killed, and its group is swept by the next', async () => {
    const mark = `mark-${randomUUID()}`;
    const script = `setsid sh -c 'sleep 1000; :' ${mark} & echo up; exec sh -c 'sleep 1000; :' ${mark}`;
    const owner = startOwner(script, 1);
    await once(owner.stdout, 'data');
    assert.notDeepEqual(processesWith(mark), [], 'it ran');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    await until(() => processesWith(mark).length === 0, 'the jail is dead');
    await openGroups();
    assert.deepEqual(leftGroups(owner.pid ?? 0), []);
  });

  it('comes also for jails that are just being made', { timeout: 60_000 }, async () => {
    const next = numbers(7);
    for (let round = 0; round < 4; round += 1) {
      const mark = `mark-${randomUUID()}`;
      const owner = startOwner(`exec sh -c 'sleep 1000; :' ${mark}`, 6, true);
      await once(owner.stderr, 'data');
      await wait(Math.floor(next() * 40));
      owner.kill('SIGKILL');
      await once(owner, 'exit');
      const procs = leftGroups(owner.pid ?? 0).map((folder) => path.join(folder, 'cgroup.procs'));
      const alive = (): boolean => procs.some((file) => (readText(file) ?? '') !== '');
      await until(
        () => !alive() && processesWith(mark).length === 0,
        `all are dead, round ${round}`,
      );
      await openGroups();
      assert.deepEqual(leftGroups(owner.pid ?? 0), []);
    }
  });

  it('leaves a plain process behind without a jail', async () => {
    const mark = `mark-${randomUUID()}`;
    const script = `setsid sh -c 'echo up; sleep 1000; :' ${mark} & exec sleep 1000`;
    const plain = spawn('sh', ['-c', script]);
    await once(plain.stdout, 'data');
    plain.kill('SIGKILL');
    await once(plain, 'exit');
    // For a moment there are two, when the shell starts sleep.
    await until(() => processesWith(mark).length === 1, 'it is left');
    process.kill(-Number(processesWith(mark)[0]), 'SIGKILL');
  });
});
