// The filter, run by a small machine for classic BPF: what it answers to each call, on both machines.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seccompProgram } from './seccomp-program.ts';
import type { SeccompOptions } from './seccomp-program.ts';
import { ATTRIBUTES, AUDIT_ARCHITECTURE, JUDGED, MODES, REFUSED, SOCKETS } from './syscalls.ts';

const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const PRETEND = 0x00050000;
const EOPNOTSUPP = 0x0005005f;
const KILL = 0x80000000;
const MACHINES = ['x64', 'arm64'] as const;

interface Call {
  readonly number: number;
  readonly args?: readonly bigint[];
  readonly machine?: number;
}

/** Runs a filter as the kernel does; throws on what its checker would refuse. */
function judge(program: Buffer, { number, args = [], machine = 0 }: Call): number {
  const call = Buffer.alloc(64);
  call.writeUInt32LE(number >>> 0, 0);
  call.writeUInt32LE(machine, 4);
  for (const [index, value] of args.entries()) call.writeBigUInt64LE(value, 16 + 8 * index);
  let word = 0;
  for (let at = 0; at < program.length; at += 8) {
    const code = program.readUInt16LE(at);
    const value = program.readUInt32LE(at + 4);
    if (code === 0x06) return value;
    if (code === 0x20) word = call.readUInt32LE(value);
    else if (code === 0x54) word = (word & value) >>> 0;
    else at += 8 * program.readUInt8(at + (compare(code, word, value) ? 2 : 3));
  }
  throw new Error('the filter has no end');
}

function compare(code: number, word: number, value: number): boolean {
  if (code === 0x15) return word === value;
  if (code === 0x25) return word > value;
  if (code === 0x35) return word >= value;
  if (code === 0x45) return (word & value) !== 0;
  throw new Error(`code ${code} is not known`);
}

const filterOf = (options: SeccompOptions): Buffer => {
  const program = seccompProgram(options);
  assert.ok(program !== null);
  return program;
};

type Ask = (number: number, ...args: readonly (number | bigint)[]) => number;

const asker = (options: SeccompOptions & { readonly arch: 'x64' | 'arm64' }): Ask => {
  const program = filterOf(options);
  const machine = AUDIT_ARCHITECTURE[options.arch];
  return (number, ...args) => judge(program, { number, args: args.map(BigInt), machine });
};

for (const arch of MACHINES) {
  test(`${arch}: the named calls are refused, ordinary ones are not`, () => {
    const ask = asker({ arch, sockets: 'own-namespace' });
    for (const [name, numbers] of Object.entries(REFUSED)) {
      const number = numbers[arch];
      if (number !== null) assert.equal(ask(number), EPERM, name);
    }
    // read, write, openat, execve, exit_group, futex, wait4, mmap
    const ordinary = {
      x64: [0, 1, 257, 59, 231, 202, 61, 9],
      arm64: [63, 64, 56, 221, 94, 98, 260, 222],
    };
    for (const number of ordinary[arch]) assert.equal(ask(number), ALLOW, String(number));
  });

  test(`${arch}: no namespace of one's own by clone or unshare, and clone3 is not there`, () => {
    const ask = asker({ arch, sockets: 'none' });
    const { clone, clone3, unshare } = JUDGED;
    for (const bit of [17, 25, 26, 27, 28, 29, 30]) {
      assert.equal(ask(clone[arch], (1 << bit) | 17), EPERM, `clone ${bit}`);
      assert.equal(ask(unshare[arch], 1 << bit), EPERM, `unshare ${bit}`);
    }
    assert.equal(ask(unshare[arch], 0x80), EPERM, 'time');
    assert.equal(ask(unshare[arch], 0x400), ALLOW, 'its own table of files');
    // a thread as glibc makes it, and a fork
    assert.equal(ask(clone[arch], 0x3d0f00), ALLOW);
    assert.equal(ask(clone[arch], 0x01200011), ALLOW);
    assert.equal(ask(clone3[arch]), ENOSYS);
  });

  test(`${arch}: nothing is typed into a terminal, whatever is in the upper half`, () => {
    const ask = asker({ arch, sockets: 'none' });
    const { ioctl } = JUDGED;
    assert.equal(ask(ioctl[arch], 0, 0x5412), EPERM);
    assert.equal(ask(ioctl[arch], 0, 0x1_0000_5412n), EPERM);
    assert.equal(ask(ioctl[arch], 0, 0x541c), EPERM);
    assert.equal(ask(ioctl[arch], 0, 0x5401), ALLOW, 'TCGETS');
    assert.equal(ask(ioctl[arch], 0, 0x40086602), ALLOW, 'attributes, where they are not frozen');
  });

  test(`${arch}: without sockets only connected pairs are left`, () => {
    const ask = asker({ arch, sockets: 'none' });
    for (const [name, numbers] of Object.entries(SOCKETS))
      assert.equal(ask(numbers[arch], 1, 1), EPERM, name);
    const { socketpair } = JUDGED;
    assert.equal(ask(socketpair[arch], 1, 1), ALLOW, 'stream');
    assert.equal(ask(socketpair[arch], 1, 0o2000005), ALLOW, 'sequence, close-on-exec');
    assert.equal(ask(socketpair[arch], 1, 2), EPERM, 'datagram: can be turned to another address');
    assert.equal(ask(socketpair[arch], 1, 3), EPERM, 'raw is datagram');
    assert.equal(ask(socketpair[arch], 30, 1), EPERM, 'TIPC');
  });

  test(`${arch}: in a namespace of one's own the usual families are left`, () => {
    const ask = asker({ arch, sockets: 'own-namespace' });
    const { socket, socketpair } = JUDGED;
    for (const family of [1, 2, 10]) assert.equal(ask(socket[arch], family, 1, 0), ALLOW);
    assert.equal(ask(socket[arch], 16, 3, 0), ALLOW, 'routes');
    assert.equal(ask(socket[arch], 16, 3, 9), EPERM, 'audit');
    // packet, algorithms, vsock, XDP
    for (const family of [17, 38, 40, 44]) assert.equal(ask(socket[arch], family, 1, 0), EPERM);
    assert.equal(ask(SOCKETS.connect[arch], 3), ALLOW);
    assert.equal(ask(socketpair[arch], 1, 2), ALLOW);
    assert.equal(ask(socketpair[arch], 40, 1), EPERM);
  });

  test(`${arch}: what is written about files changes only where it is free`, () => {
    const frozen = asker({ arch, sockets: 'none', metadata: 'frozen' });
    const free = asker({ arch, sockets: 'none' });
    const all = [
      ...Object.entries(MODES).map(([name, numbers]) => ({ name, numbers, answer: PRETEND })),
      ...Object.entries(ATTRIBUTES).map(([name, numbers]) => ({
        name,
        numbers,
        answer: EOPNOTSUPP,
      })),
    ];
    for (const { name, numbers, answer } of all) {
      const number = numbers[arch];
      if (number === null) continue;
      assert.equal(frozen(number), answer, name);
      assert.equal(free(number), ALLOW, name);
    }
    const { utimensat, ioctl } = JUDGED;
    assert.equal(frozen(utimensat[arch], 3, 0), ALLOW, 'of an open file');
    assert.equal(frozen(utimensat[arch], 3, 0x7f00), PRETEND);
    assert.equal(frozen(utimensat[arch], 3, 0x1_0000_0000n), PRETEND);
    assert.equal(free(utimensat[arch], 3, 0x7f00), ALLOW);
    assert.equal(frozen(ioctl[arch], 3, 0x40086602), EPERM);
  });

  test(`${arch}: calls of another machine end the program, calls from later are not there`, () => {
    const program = filterOf({ arch, sockets: 'none' });
    const machine = AUDIT_ARCHITECTURE[arch];
    const other = AUDIT_ARCHITECTURE[arch === 'x64' ? 'arm64' : 'x64'];
    assert.equal(judge(program, { number: 0, machine: other }), KILL);
    // 32-bit x86 and arm
    for (const narrow of [0x40000003, 0x40000028]) {
      assert.equal(judge(program, { number: 0, machine: narrow }), KILL);
    }
    assert.equal(judge(program, { number: 470, machine }), ENOSYS);
    const x32 = judge(program, { number: 0x40000000 + 39, machine });
    assert.equal(x32, arch === 'x64' ? KILL : ENOSYS);
  });
}

test('a machine without a table has no filter', () => {
  assert.equal(seccompProgram({ arch: 'riscv64', sockets: 'none' }), null);
});
