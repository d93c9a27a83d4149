/** A process outlives what a forgotten socket says, and nothing else. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { isLateError } from './late-errors.ts';

const MODULE = new URL('./late-errors.ts', import.meta.url).href;

/** A process in which a socket is written to after its end, with nobody listening. */
const run = (setUp: string, then: string): { status: number | null; stderr: string } => {
  const program = `
    ${setUp}
    const { createServer, connect } = await import('node:net');
    const server = createServer().listen(0, () => {
      const socket = connect(server.address().port, () => {
        socket.end();
        ${then}
      });
    });
    setTimeout(() => process.exit(0), 300);`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, stderr };
};

const OUTLIVE = `(await import('${MODULE}')).outliveLateErrors((e) => console.error('told', e.code));`;

it('a write after the end is told, and the process lives; without the handler it dies', () => {
  const lived = run(OUTLIVE, "socket.write('late');");
  assert.equal(lived.status, 0, lived.stderr);
  assert.match(lived.stderr, /told ERR_STREAM_WRITE_AFTER_END/);
  assert.notEqual(run('', "socket.write('late');").status, 0);
});

it('anything else ends it, with its stack', () => {
  const { status, stderr } = run(OUTLIVE, "throw new TypeError('a bug');");
  assert.equal(status, 1);
  assert.match(stderr, /TypeError: a bug\n\s+at /);
});

it('an error of the disk is none of a connection', () => {
  assert.equal(
    isLateError(Object.assign(new Error('x'), { code: 'EPIPE', syscall: 'fsync' })),
    false,
  );
  assert.equal(isLateError(Object.assign(new Error('x'), { code: 'ENOSPC' })), false);
  assert.equal(isLateError(undefined), false);
});
