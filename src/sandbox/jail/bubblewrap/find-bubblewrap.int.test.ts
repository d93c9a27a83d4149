/** When bubblewrap can not be used, Skein has to say why, and what to do; it never guesses. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import type { Group } from '../cgroup/cgroup.ts';
import { openGroups } from '../cgroup/open-groups.ts';
import { openBubblewrap } from './open-bubblewrap.ts';
import type { BubblewrapOptions } from './open-bubblewrap.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-find-'));
after(() => fs.rmSync(folder, { recursive: true }));

const HELP = `echo '--args --size --perms --remount-ro --ro-bind-data --die-with-parent --new-session
--cap-drop --hostname --info-fd --seccomp --unshare-user --unshare-pid --unshare-net --unshare-ipc
--unshare-uts --unshare-cgroup-try'`;

function fake(name: string, script: string): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

async function refusal(options: BubblewrapOptions): Promise<{ problem: string; fix: string }> {
  const opened = await openBubblewrap(options);
  assert.ok('problem' in opened, 'it was opened');
  return opened;
}

/** The real one, but for an option that it refuses as a setuid one does. */
const SETUID = `
  case "$1" in --args) tr '\\0' '\\n' < /dev/fd/$2 | grep -q -e --disable-userns && {
    echo "bwrap: --disable-userns is not supported in setuid mode" >&2; exit 1; };; esac
  exec bwrap "$@"`;

const skip = process.platform === 'linux' ? false : 'bubblewrap is a program of Linux';

const real = await openBubblewrap();
const noneHere = 'problem' in real ? `${real.problem}. ${real.fix}` : false;
const noRoot =
  process.getuid?.() === 0 && (await openGroups()) !== null
    ? false
    : 'only root with control groups can see this: run the tests as root';

describe('a bubblewrap that is of no use', { skip }, () => {
  it('is told with what to install when it is not there or too old', async () => {
    const absent = await refusal({ program: path.join(folder, 'absent') });
    assert.match(absent.problem, /does not start/);
    assert.match(absent.fix, /apt install bubblewrap/);
    const old = await refusal({ program: fake('old', 'echo "--args FD"') });
    assert.match(old.problem, /too old: it lacks --size/);
  });

  it('is told with what keeps it from namespaces', async () => {
    const script = `case "$1" in --help) ${HELP};; --version) echo bubblewrap 0.9.0;;
      *) echo "bwrap: setting up uid map: Permission denied" >&2; exit 1;; esac`;
    const blocked = await refusal({ program: fake('blocked', script) });
    assert.match(blocked.problem, /uid map: Permission denied/);
    assert.match(blocked.fix, /AppArmor/);
  });

  it('is not taken for a jail when it starts programs without one', async () => {
    // Does nothing and succeeds: no jail has said that its walls stand.
    const idle = `case "$1" in --help) ${HELP};; --version) echo bubblewrap 9;; *) exit 0;; esac`;
    assert.match((await refusal({ program: fake('idle', idle) })).problem, /ended with 0/);
  });

  it(
    'is refused to root without a control group that counts processes',
    { skip: noRoot },
    async () => {
      const groups = await openGroups();
      assert.ok(groups);
      const counted = await openBubblewrap({ groups });
      assert.ok(!('problem' in counted));
      const none = await refusal({ groups: null });
      assert.match(none.problem, /runs as root/);
      assert.match(none.fix, /ordinary user/);
      const memory = { ...groups, limits: { memory: true, processes: false } };
      assert.match((await refusal({ groups: memory })).problem, /runs as root/);
    },
  );
});

describe('a bubblewrap that can do less', { skip: noneHere }, () => {
  it('is used without a wall that another one stands behind', async () => {
    const program = fake('setuid', SETUID);
    const opened = await openBubblewrap({ program });
    assert.ok(!('problem' in opened), JSON.stringify(opened));
    assert.ok(!opened.walls.includes('no-nested-namespaces'));
    assert.equal((await opened.probe()).holds, true);
    // The twin: nothing else forbids namespaces there.
    assert.match((await refusal({ program, seccomp: null })).problem, /setuid mode/);
  });

  it('is used without groups by an ordinary user who can join none, but not by root', async () => {
    const group: Group = {
      joinFiles: ['/proc/version'],
      usage: () => ({ cpuMs: null, peakBytes: null, oom: false }),
      kill: () => {},
      remove: () => true,
    };
    const limits = { memory: true, processes: true };
    const opened = await openBubblewrap({ groups: { version: 'v2', limits, open: () => group } });
    const isOpen = !('problem' in opened);
    assert.equal(isOpen, process.getuid?.() !== 0);
    assert.ok(!isOpen || !opened.walls.includes('memory-cgroup'));
  });
});
