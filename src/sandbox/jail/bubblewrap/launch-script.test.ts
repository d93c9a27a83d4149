/** Whatever a request holds, the scripts start exactly that, and never before the limits are set. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { JailRequest } from '../jail.ts';
import { bubblewrapLine, innerScript, outerScript } from './launch-script.ts';

const request = (more: Partial<JailRequest>): JailRequest => ({
  argv: ['true'],
  cwd: '/tmp',
  environment: {},
  mounts: [],
  limits: COMMAND_LIMITS,
  stdio: ['ignore', 'ignore', 'ignore'],
  ...more,
});

/** What the last line of a script starts, as the shell understands it. */
const started = (script: string): readonly string[] => {
  const last = script.slice(script.lastIndexOf('\nexec ') + 1).replace('exec', "printf '%s\\0'");
  return execFileSync('sh', ['-c', last], { encoding: 'utf8' }).split('\0').slice(0, -1);
};

describe('the scripts of a jail', () => {
  it('keep every argument and variable as it is', () => {
    const argv = ['sh', '-c', `echo "$HOME" 'it''s' \\ $(id)\n;&|`, '', '-n', '*'];
    const environment = { A: `'; exit #`, 'odd.name': 'two\nlines' };
    assert.deepEqual(started(innerScript(request({ argv, environment }))), [
      '/usr/bin/env',
      '-i',
      `A='; exit #`,
      'odd.name=two\nlines',
      ...argv,
    ]);
  });

  it('set the environment only when all limits are set', () => {
    const script = innerScript(request({ environment: { LD_PRELOAD: '/work/evil.so' } }));
    assert.ok(script.indexOf('LD_PRELOAD') > script.lastIndexOf('ulimit'));
    assert.ok(script.indexOf('LD_PRELOAD') > script.indexOf('read -r go'));
  });

  it('refuse what no program could be started with', () => {
    for (const argv of [[], [''], ['a=b'], ['true', 'a\0b']]) {
      assert.throws(() => innerScript(request({ argv })), { name: 'usage' });
    }
    for (const environment of [{ '': 'x' }, { 'a=b': 'x' }, { '-u': 'x' }, { a: '\0' }]) {
      assert.throws(() => innerScript(request({ environment })), { name: 'usage' });
    }
  });

  it('limit what they are told to', () => {
    const limits = { ...COMMAND_LIMITS, memoryBytes: 1024 * 1024, cpuMs: 1500 };
    const script = (memory: JailRequest['memory']): string =>
      innerScript(request({ limits, ...(memory === undefined ? {} : { memory }) }));
    assert.match(script('address'), /ulimit -t 2 .*ulimit -v 1024 /s);
    assert.match(script('data'), /ulimit -d 525312 /);
    assert.doesNotMatch(script('group-only'), /ulimit -[vd]/);
  });

  it('join each group by a quoted path', () => {
    assert.match(
      outerScript(["/it's/procs"], bubblewrapLine('/bin/bwrap')),
      /echo \$\$ > '\/it'\\''s\/procs' \|\| exit/,
    );
  });
});
