/** When gVisor can not be used, Skein has to say why, and what to do; it never guesses. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { openRunsc } from './open-runsc.ts';
import type { RunscOptions } from './open-runsc.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-find-'));
after(() => fs.rmSync(folder, { recursive: true }));

const FLAGS = `printf '  -%s\\n' root log network ignore-cgroups oci-seccomp overlay2 host-uds`;

function fake(name: string, script: string): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

async function refusal(options: RunscOptions): Promise<{ problem: string; fix: string }> {
  const opened = await openRunsc(options);
  assert.ok('problem' in opened, 'it was opened');
  return opened;
}

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

describe('a gVisor that is of no use', { skip: isRoot ? false : 'only root gets this far' }, () => {
  it('is told when it is not there, too old, or without control groups', async () => {
    const absent = await refusal({ program: path.join(folder, 'absent') });
    assert.match(absent.problem, /does not start/);
    assert.match(absent.fix, /Install gVisor/);
    const old = await refusal({ program: fake('old', 'echo "  -root string"') });
    assert.match(old.problem, /it lacks --log/);
    const whole = fake('whole', `case "$1" in flags) ${FLAGS};; esac`);
    assert.match((await refusal({ program: whole, groups: null })).problem, /control groups/);
  });

  it('is told with its own words when it can start no guest', async (test) => {
    const error = '{"msg":"running container: creating container: it is Sunday"}';
    const log = `for each; do case "$each" in --log=*) echo '${error}' > "\${each#--log=}";; esac; done`;
    const program = fake(
      'broken',
      `case "$1" in flags) ${FLAGS};; --version);; *) ${log}; exit 128;; esac`,
    );
    const broken = await refusal({ program });
    if (broken.problem.includes('control groups')) test.skip(broken.problem);
    else assert.match(broken.problem, /it is Sunday/);
  });
});
