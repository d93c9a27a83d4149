/** Each way to stop has its status, and a limit is never told as a failure of the program. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JailEnd } from '#sandbox/jail/jail.ts';
import { judge } from './verdict.ts';

const died = (end: Partial<JailEnd>, words = ''): string => {
  const whole = { exitCode: null, signal: null, oom: false, cpuMs: null, peakBytes: null, ...end };
  return judge({ type: 'died', end: whole }, words).status;
};

describe('the verdict', () => {
  it('is what the program said, when it ended by itself', () => {
    const end = (exitCode: number, isMemory = false): unknown[] => {
      const { status, signal } = judge(
        { type: 'end', end: { exitCode, value: null, isMemory, fuel: null } },
        'not told',
      );
      return [status, signal];
    };
    assert.deepEqual(
      [end(0), end(3), end(1, true)],
      [
        ['ok', null],
        ['error', null],
        ['memory', null],
      ],
    );
  });

  it('names the limit, or who ended it', () => {
    const { status, signal, note } = judge(
      { type: 'limit', limit: 'wallMs', status: 'timeout' },
      'x',
    );
    assert.deepEqual([status, signal, note], ['timeout', 'SIGKILL', '']);
    assert.equal(judge({ type: 'killed' }, '').status, 'killed');
    assert.equal(judge({ type: 'broken' }, '').status, 'error');
  });

  it('knows from how a process died what it died of', () => {
    assert.equal(died({ signal: 'SIGXCPU' }), 'timeout');
    assert.equal(died({ signal: 'SIGKILL', oom: true }), 'memory');
    assert.equal(died({ signal: 'SIGTRAP' }, 'Fatal JavaScript out of memory: x'), 'memory');
    assert.equal(died({ signal: 'SIGSEGV' }), 'error');
    assert.equal(died({ exitCode: 1 }), 'error');
  });

  it('tells the last words of a runtime without the addresses of this machine', () => {
    const words = 'Fatal: x\n==== C stack trace ====\n/home/me/deno(+0x1)';
    const end = { exitCode: null, signal: null, oom: false, cpuMs: null, peakBytes: null };
    assert.equal(judge({ type: 'died', end }, words).note, 'Fatal: x\n');
  });
});
