/** Control groups of the real kernel: they hold all that is born in them, and none is left or stolen. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { readProcess } from '../bubblewrap/process-state.ts';
import type { Group } from './cgroup.ts';
import { isLeftover, newGroupName } from './group-name.ts';
import { groupV2 } from './groups-v2.ts';
import { readText } from './kernel-files.ts';
import { openGroups, sweepGroups } from './open-groups.ts';
import { ownFolders } from './own-folders.ts';

const LIMIT_MS = 20_000;
const groups = await openGroups();
const skip =
  groups === null
    ? 'no control group can be made here: run the tests as root, or under systemd-run --user --scope'
    : false;
const own = ownFolders(readText('/proc/self/cgroup') ?? '', readText('/proc/self/mountinfo') ?? '');

const canWrite = (folder: string): boolean => {
  try {
    fs.accessSync(path.join(folder, 'cgroup.procs'), fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!holds()) {
    assert.ok(Date.now() < deadline, 'it took too long');
    await wait(5);
  }
}

/** Two processes in a group; the second is born in it. */
async function join(group: Group): Promise<number> {
  const joins = group.joinFiles.map((file) => `echo $$ > '${file}'`).join(' && ');
  const child = spawn('sh', ['-c', `${joins} && { sleep 1000 & echo in; wait; }`]);
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

const listed = (group: Group): number =>
  (readText(group.joinFiles[0] ?? '') ?? '').split('\n').filter((line) => line !== '').length;

async function empty(group: Group): Promise<void> {
  await until(() => {
    group.kill();
    return group.remove();
  });
}

describe('a control group', { skip }, () => {
  it('holds all that its first process starts, and dies with all of it', async () => {
    const group = groups?.open({ memoryBytes: 64 * 1024 * 1024, processes: 10 });
    assert.ok(group);
    const pid = await join(group);
    assert.equal(listed(group), 2);
    assert.equal(group.remove(), false, 'a group in use stays');
    assert.equal(group.usage().oom, false);
    await empty(group);
    assert.ok(['Z', undefined].includes(readProcess(pid)?.state));
    assert.ok(group.joinFiles.every((file) => !fs.existsSync(path.dirname(file))));
    group.kill();
    assert.equal(group.remove(), true, 'again does no harm');
  });

  it('is refused where the kernel takes no such limit', () => {
    assert.throws(() => groups?.open({ memoryBytes: -5, processes: 10 }), {
      name: 'sandbox-failed',
    });
  });
});

const unified = own.v2 !== null && canWrite(own.v2.folder) ? own.v2.folder : null;

describe(
  'a control group of version 2',
  {
    skip: unified === null ? 'there is none that can be divided here' : false,
  },
  () => {
    it('dies with all that is in it', async () => {
      const folder = path.join(unified ?? '', newGroupName());
      fs.mkdirSync(folder);
      const group = groupV2(folder);
      await join(group);
      assert.equal(listed(group), 2);
      assert.notEqual(group.usage().cpuMs, null);
      await empty(group);
      assert.equal(fs.existsSync(folder), false);
    });
  },
);

describe('the sweep of groups', { skip }, () => {
  it('ends those of a dead owner, and leaves those of a living one', async () => {
    const mine = groups?.open({ memoryBytes: 64 * 1024 * 1024, processes: 10 });
    assert.ok(mine);
    await join(mine);
    const folder = path.dirname(mine.joinFiles[0] ?? '');
    const parent = path.dirname(folder);
    // As ours, but of a process that began at another time.
    const left = path.join(parent, path.basename(folder).replace(/-\d+-([0-9a-f]+)$/, '-1-$1'));
    fs.mkdirSync(left);
    const child = spawn('sh', [
      '-c',
      `echo $$ > '${left}/cgroup.procs' && echo in; exec sleep 1000`,
    ]);
    await once(child.stdout, 'data');
    const ended = once(child, 'exit');
    await sweepGroups([parent]);
    assert.deepEqual((await ended)[1], 'SIGKILL');
    assert.equal(fs.existsSync(left), false);
    assert.equal(listed(mine), 2);
    await empty(mine);
  });

  it('knows a leftover by its name alone', () => {
    const name = newGroupName();
    assert.equal(isLeftover(name), false);
    assert.equal(isLeftover(name.replace(/-\d+-([0-9a-f]+)$/, '-1-$1')), true);
    // Of another pid namespace nothing is known.
    assert.equal(isLeftover(name.replace(/^skein-\d+-\d+/, 'skein-1-999999999')), false);
    assert.equal(isLeftover('system.slice'), false);
  });
});
