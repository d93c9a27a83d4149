/** The texts of the kernel by which our own groups are found, for both versions and for containers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ownFolders } from './own-folders.ts';

const HYBRID = `9:name=systemd:/
8:pids:/
4:memory:/service/one two
2:cpu,cpuacct:/
0::/
`;
const HYBRID_MOUNTS = `30 23 0:25 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755
31 30 0:26 / /sys/fs/cgroup/pids rw,relatime shared:9 - cgroup cgroup rw,pids
32 30 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
33 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
34 30 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;

describe('our own control groups', () => {
  it('are one folder for each controller in version 1', () => {
    const { v1, v2 } = ownFolders(HYBRID, HYBRID_MOUNTS);
    assert.deepEqual(Object.fromEntries(v1), {
      pids: '/sys/fs/cgroup/pids',
      memory: '/sys/fs/cgroup/memory/service/one two',
      cpu: '/sys/fs/cgroup/cpu,cpuacct',
      cpuacct: '/sys/fs/cgroup/cpu,cpuacct',
    });
    assert.deepEqual(v2, { folder: '/sys/fs/cgroup/unified', root: '/sys/fs/cgroup/unified' });
  });

  it('are one folder in version 2', () => {
    const { v1, v2 } = ownFolders(
      '0::/user.slice/app.slice/run.scope\n',
      '29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n',
    );
    assert.equal(v1.size, 0);
    assert.deepEqual(v2, {
      folder: '/sys/fs/cgroup/user.slice/app.slice/run.scope',
      root: '/sys/fs/cgroup',
    });
  });

  it('are counted from what a container shows', () => {
    const shown = '29 23 0:26 /docker/c1 /a\\040b rw - cgroup2 cgroup2 rw\n';
    assert.equal(ownFolders('0::/docker/c1/x\n', shown).v2?.folder, '/a b/x');
    assert.equal(ownFolders('0::/other\n', shown).v2, null);
  });
});
