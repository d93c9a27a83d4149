/** A probe is worth something only if each attempt comes through where there is no wall. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { SkeinError } from '#protocol/errors.ts';
import { openBubblewrap } from '../bubblewrap/open-bubblewrap.ts';
import type { Jailed, JailEnd, JailRequest } from '../jail.ts';
import { ATTACKS } from './attack-script.ts';
import { probeJail } from './probe-jail.ts';
import type { Probed } from './probe-jail.ts';

const opened = await openBubblewrap();
const noBubblewrap = 'problem' in opened ? `${opened.problem}. ${opened.fix}` : false;
const noLinux = process.platform === 'linux' ? false : 'the attempts are for Linux';
const isRoot = process.getuid?.() === 0;

// A folder of its own, so that nobody else's files are seen in it.
process.env['TMPDIR'] = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-test-'));
after(() => fs.rmSync(os.tmpdir(), { recursive: true }));

/** A jail without a wall. */
const open = (change: (request: JailRequest) => readonly string[]): Probed => ({
  mechanism: 'bubblewrap',
  walls: [],
  versions: {},
  start: (request): Jailed => {
    const [program = '', ...args] = change(request);
    const child = spawn(program, args, { cwd: request.cwd, stdio: [...request.stdio] });
    const ended = once(child, 'exit').then(([exitCode, signal]): JailEnd => ({
      exitCode: exitCode as number | null,
      signal: signal as NodeJS.Signals | null,
      oom: false,
      cpuMs: null,
      peakBytes: null,
    }));
    const kill = async (): Promise<void> => void child.kill('SIGKILL');
    return { child, stdin: null, stdout: child.stdout, stderr: null, ended, kill };
  },
});

const left = (): readonly string[] =>
  fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith('skein-probe-'));

describe('the probe of a jail', { skip: noLinux }, () => {
  it('finds that bubblewrap holds against all attempts', { skip: noBubblewrap }, async () => {
    assert.ok(!('problem' in opened));
    const report = await opened.probe();
    assert.deepEqual(
      report.attempts.filter(({ held }) => !held),
      [],
    );
    assert.deepEqual(report.attempts.map(({ attack }) => attack).slice(0, 9), ATTACKS.slice(0, 9));
    assert.equal(report.holds, true);
    assert.equal(report.problem, null);
  });

  it('sees each attempt come through where there is no wall', async () => {
    const report = await probeJail(open(({ argv }) => argv));
    const held = report.attempts.filter((each) => each.held).map(({ attack }) => attack);
    // What the system itself keeps from an ordinary user.
    const needRoot = ['read-shadow', 'write-root', 'kernel-settings', 'mount', 'nest-namespaces'];
    assert.deepEqual(isRoot ? held : held.filter((name) => !needRoot.includes(name)), []);
    assert.equal(report.holds, false);
    assert.match(report.problem ?? '', /connect-abstract/);
  });

  it('does not take for held what nobody tried', async () => {
    const report = await probeJail(open(() => ['true']));
    assert.equal(report.holds, false);
    assert.match(report.problem ?? '', /connect-tcp \(the attempt could not be made\)/);
  });

  it('tells why a jail does not start, and throws nothing', async () => {
    const fix = 'Start it';
    const fail = (): never => {
      throw new SkeinError('sandbox-failed', 'Cannot start a jail: it is Sunday', { fix });
    };
    const report = await probeJail({ ...open(() => []), start: fail });
    assert.deepEqual([report.holds, report.fix], [false, fix]);
    assert.match(report.problem ?? '', /Sunday/);
    assert.deepEqual(left(), []);
    assert.equal(process.env['SKEIN_PROBE_CANARY'], undefined);
  });
});
