// The filter in the kernel: the calls it refuses fail for a real program, and work without it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { SpawnSyncReturns } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { seccompProgram } from './seccomp-program.ts';
import type { SeccompOptions } from './seccomp-program.ts';
import { JUDGED, REFUSED } from './syscalls.ts';

const TIMEOUT_MS = 60_000;
const has = (program: string): boolean =>
  spawnSync(program, ['--version'], { timeout: TIMEOUT_MS }).status === 0;
const filter = seccompProgram({ arch: process.arch, sockets: 'none' });
const skip =
  process.platform !== 'linux' || filter === null
    ? 'needs Linux on x64 or arm64'
    : !has('bwrap')
      ? 'bubblewrap is missing: apt install bubblewrap'
      : !has('python3') && 'python3 is missing: apt install python3';

// Each attempt answers 0 when the call was made, or the number of its error.
const PROGRAM = `
import ctypes, fcntl, json, os, pty, socket, sys, termios
numbers = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    ctypes.set_errno(0)
    done = libc.syscall(ctypes.c_long(numbers[name]), *[ctypes.c_void_p(a) if isinstance(a, int) else a for a in args])
    return done, (ctypes.get_errno() if done == -1 else 0)
def apart(run):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, bytes([run()]))
        os._exit(0)
    os.close(writing)
    os.wait()
    return os.read(reading, 1)[0]
def open_socket(*args):
    try:
        socket.socket(*args).close()
        return 0
    except OSError as error:
        return error.errno
def pair(kind):
    try:
        socket.socketpair(socket.AF_UNIX, kind)
        return 0
    except OSError as error:
        return error.errno
def get_descriptor():
    return call('pidfd_getfd', os.pidfd_open(os.getpid()), 0, 0)[1]
def mount():
    if os.geteuid() != 0 or call('unshare', 0x00020000)[0] == -1:
        call('unshare', 0x10020000)
    return call('mount', b'none', b'/', None, 0x44000, None)[1]
def clone():
    done, error = call('clone', 0x10000000 | 17, 0, 0, 0, 0)
    if done == 0: os._exit(0)
    if done > 0: os.waitpid(done, 0)
    return error
def type_into_terminal():
    pid, master = pty.fork()
    if pid == 0:
        try:
            fcntl.ioctl(0, termios.TIOCSTI, b'x')
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
box = ctypes.create_string_buffer(256)
print(json.dumps({
    'TIOCSTI': type_into_terminal(),
    'ptrace': apart(lambda: call('ptrace', 0, 0, 0, 0)[1]),
    'process_vm_readv': call('process_vm_readv', os.getpid(), 0, 0, 0, 0, 0)[1],
    'unshare': apart(lambda: call('unshare', 0x10000000)[1]),
    'clone': clone(),
    'mount': apart(mount),
    'keyctl': call('keyctl', 0, -2 & 0xffffffff, 1)[1],
    'io_uring_setup': call('io_uring_setup', 1, box)[1],
    'userfaultfd': call('userfaultfd', 1)[1],
    'pidfd_getfd': get_descriptor(),
    'name_to_handle_at': call('name_to_handle_at', -100 & 0xffffffff, b'/', ctypes.create_string_buffer(b'\\x80', 256), box, 0)[1],
    'kcmp': call('kcmp', os.getpid(), os.getpid(), 1, 0, 0)[1],
    'inet': open_socket(socket.AF_INET, socket.SOCK_STREAM),
    'unix': open_socket(socket.AF_UNIX, socket.SOCK_STREAM),
    'netlink': open_socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
    'audit': open_socket(socket.AF_NETLINK, socket.SOCK_RAW, 15),
    'stream pair': pair(socket.SOCK_STREAM),
    'datagram pair': pair(socket.SOCK_DGRAM),
}))
`;

const numbers = Object.fromEntries(
  Object.entries({ ...REFUSED, ...JUDGED }).map(([name, each]) => [
    name,
    each[process.arch === 'arm64' ? 'arm64' : 'x64'],
  ]),
);

type Answers = Readonly<Record<string, number>>;

/** What the attempts answer in a jail that has nothing but the filter; `undefined`: not even that. */
function attempt(sockets?: SeccompOptions['sockets']): Answers {
  const done = run(PROGRAM, sockets);
  assert.equal(done.status, 0, String(done.stderr));
  return JSON.parse(done.stdout) as Answers;
}

function run(program: string, sockets?: SeccompOptions['sockets']): SpawnSyncReturns<string> {
  const bytes = sockets && seccompProgram({ arch: process.arch, sockets });
  const folder = mkdtempSync(path.join(tmpdir(), 'skein-filter-'));
  const file = path.join(folder, 'filter');
  writeFileSync(file, bytes ?? '');
  const descriptor = openSync(file, 'r');
  try {
    const everything = ['--dev-bind', '/', '/', '--die-with-parent'];
    const rights = process.getuid?.() === 0 ? ['--cap-add', 'ALL'] : [];
    const wall = bytes ? ['--seccomp', '3'] : [];
    const argv = [...everything, ...rights, ...wall, 'python3', '-c', program];
    return spawnSync('bwrap', [...argv, JSON.stringify(numbers)], {
      stdio: ['ignore', 'pipe', 'pipe', descriptor],
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    });
  } finally {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
}

const EPERM = 1;
const REFUSED_EVERYWHERE = [
  'TIOCSTI',
  'ptrace',
  'process_vm_readv',
  'unshare',
  'clone',
  'mount',
  'keyctl',
  'io_uring_setup',
  'userfaultfd',
  'pidfd_getfd',
  'name_to_handle_at',
  'kcmp',
  'audit',
];

describe('the filter in the kernel', { skip }, () => {
  test('what it refuses fails, and works where there is no filter', (t) => {
    const without = attempt();
    const none = attempt('none');
    const own = attempt('own-namespace');
    for (const name of REFUSED_EVERYWHERE) {
      assert.equal(none[name], EPERM, name);
      assert.equal(own[name], EPERM, name);
      // A kernel that was built without it, or forbids it itself, proves nothing here.
      if (without[name] !== 0) t.diagnostic(`no twin for ${name}: error ${without[name]}`);
    }
    for (const name of ['ptrace', 'process_vm_readv', 'kcmp', 'pidfd_getfd']) {
      assert.equal(without[name], 0, name);
    }
    for (const name of ['inet', 'unix', 'netlink', 'datagram pair']) {
      assert.equal(none[name], EPERM, name);
      assert.equal(own[name], 0, name);
      assert.equal(without[name], 0, name);
    }
    for (const each of [none, own, without]) assert.equal(each['stream pair'], 0);
  });

  test('threads and processes start as ever', () => {
    const program = [
      'import subprocess, threading',
      'thread = threading.Thread(target=lambda: print("thread"))',
      'thread.start(); thread.join()',
      'print(subprocess.run(["true"]).returncode)',
    ];
    assert.equal(run(program.join('\n'), 'none').stdout, 'thread\n0\n');
  });

  test('a call of x32 ends the program', { skip: process.arch !== 'x64' && 'x64 only' }, () => {
    const program =
      'import ctypes; ctypes.CDLL(None).syscall(ctypes.c_long(0x40000027)); print("on")';
    assert.equal(run(program).stdout, 'on\n');
    assert.equal(run(program, 'none').stdout, '');
  });
});
